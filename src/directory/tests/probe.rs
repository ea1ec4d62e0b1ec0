//! Probes, and a service account that is refused.

use super::*;

fn with_password(password: &str) -> ServiceAccount {
    ServiceAccount::Password {
        name: demo_accounts::SERVICE_DN.to_owned(),
        password: Password::parse(password).unwrap(),
    }
}

#[tokio::test]
async fn probes_say_how_far_they_came() {
    let fixture = Fixture::start().await;
    let step = |settings: Settings| async move {
        match Directory::new(settings).unwrap().probe().await.unwrap_err() {
            DirectoryError::Unavailable { step, .. } => (step, 0),
            DirectoryError::Refused { step, code, .. } => (step, code),
            DirectoryError::Busy => panic!("a probe checks no password"),
        }
    };
    let mut untrusted = fixture.settings.clone();
    untrusted.tls = tls().1;
    assert_eq!(step(untrusted).await, (Step::Tls, 0));
    let mut misnamed = fixture.settings.clone();
    let address = format!("ldaps://127.0.0.1:{}", fixture.embedded.address().port());
    misnamed.servers = Servers::Listed(vec![address.parse().unwrap()]);
    assert_eq!(step(misnamed).await, (Step::Tls, 0));
    let mut denied = fixture.settings.clone();
    denied.service = with_password("wrong");
    assert_eq!(step(denied).await, (Step::Bind, 49));
    let mut baseless = fixture.settings.clone();
    baseless.base = "DC=fabrikam,DC=com".parse().unwrap();
    assert_eq!(step(baseless).await, (Step::Base, 32));
}

#[tokio::test]
async fn a_refused_service_account_is_not_tried_for_each_sign_in() {
    let fixture = Fixture::start().await;
    let mut settings = fixture.settings.clone();
    settings.service = with_password("wrong");
    settings.servers = Servers::Listed(vec![settings.servers.listed()[0].clone(); 2]);
    let directory = Directory::new(settings).unwrap();
    for _ in 0..10 {
        let error = directory.probe().await.unwrap_err();
        assert!(
            matches!(error, DirectoryError::Refused { code: 49, .. }),
            "{error}"
        );
    }
    assert_eq!(
        fixture.embedded.counts().binds,
        1,
        "each try counts towards its lockout"
    );
}
