//! Mapping and password checks against a real slapd, over LDAPS and StartTLS.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used)]

mod slapd;

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use homerealm::{
    directory::SettingsError,
    http::tls::{ClientIdentity, ClientOptions, client_config_with},
};
use homerealm::{
    directory::{
        AccountState, BindError, Directory, DirectoryError, Dn, Filter, Limits, Password, Servers,
        ServiceAccount, Settings, Step, TlsMode,
    },
    realm::{
        DomainName, FederatedDomain, Home, Mapping, MappingError, Realm, SignInAttribute,
        SignInName,
    },
};
use slapd::{Numbered, Options, Slapd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ACCOUNTS: u32 = 10_000;

/// One server with all accounts, for the tests that only read.
static SHARED: LazyLock<Slapd> = LazyLock::new(|| {
    Slapd::start_new(Options {
        accounts: ACCOUNTS,
        ..Options::default()
    })
});

fn settings(server: &Slapd, tls_mode: TlsMode) -> Settings {
    let url = match tls_mode {
        TlsMode::Ldaps => server.ldaps_url(),
        TlsMode::StartTls | TlsMode::PlaintextOnPurpose => server.ldap_url(),
    };
    Settings {
        servers: Servers::Listed(vec![url.parse().unwrap()]),
        tls_mode,
        tls: server.client_tls(),
        service: ServiceAccount::Password {
            name: slapd::SERVICE_DN.to_owned(),
            password: password(),
        },
        base: slapd::BASE.parse().unwrap(),
        scope_filter: None,
        password_change: homerealm::directory::PasswordChange::Off,
        limits: Limits::default(),
    }
}

fn directory(server: &Slapd, tls_mode: TlsMode) -> Directory {
    Directory::new(settings(server, tls_mode)).unwrap()
}

fn realm(directory: Directory) -> Realm {
    let mapping = Mapping {
        sign_in_attributes: vec![
            SignInAttribute::Mail,
            SignInAttribute::ProxyAddresses,
            SignInAttribute::UserPrincipalName,
        ],
        federated_domains: vec![FederatedDomain {
            suffix: DomainName::parse(slapd::FEDERATED_SUFFIX).unwrap(),
            issuer: "https://idp.contoso.com/partners".to_owned(),
        }],
        scopes: vec![slapd::PARTNERS.parse().unwrap()],
        ..Mapping::default()
    };
    Realm::new(vec![Home::new("contoso", directory, mapping)])
}

/// The directory of a realm that has one.
fn only(realm: &Realm) -> &Directory {
    realm.homes()[0].directory()
}

fn name(text: &str) -> SignInName {
    SignInName::parse(text).unwrap()
}

fn password() -> Password {
    Password::parse(slapd::PASSWORD).unwrap()
}

/// A whole proof: the name to its account, the account to its password.
async fn sign_in(realm: &Realm, text: &str) -> Result<String, String> {
    let account = realm
        .find(&name(text))
        .await
        .map_err(|error| error.to_string())?;
    realm
        .prove(&account, &password())
        .await
        .map_err(|error| error.to_string())?;
    Ok(account.cloud_upn().to_owned())
}

fn step_of(error: &DirectoryError) -> Option<Step> {
    match error {
        DirectoryError::Unavailable { step, .. } => Some(*step),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_accounts_are_told_apart() {
    for mode in [TlsMode::Ldaps, TlsMode::StartTls] {
        let realm = realm(directory(&SHARED, mode));
        for number in (0..ACCOUNTS).step_by(97) {
            let expected = Numbered(number);
            let account = realm
                .find(&name(&expected.mail().to_uppercase()))
                .await
                .unwrap();
            assert_eq!(account.cloud_upn(), expected.upn());
            assert_eq!(account.dn(), &expected.dn().parse::<Dn>().unwrap());
            assert_eq!(
                account.immutable_id().as_str(),
                expected.guid().immutable_id()
            );
            let proof = realm.prove(&account, &password()).await.unwrap();
            assert_eq!(proof.dn(), account.dn());
        }
        let beyond = realm.find(&name(&Numbered(ACCOUNTS).mail())).await;
        assert_eq!(beyond.unwrap_err(), MappingError::NoMatch);
        let by_guid = Numbered(4711).guid().filter();
        let found = only(&realm).search(&by_guid, &["mail"], 3).await.unwrap();
        assert_eq!(
            found.entries[0].values("mail").collect::<Vec<_>>(),
            [Numbered(4711).mail()]
        );
        let all = Filter::present("userPrincipalName");
        let found = only(&realm).search(&all, &["mail"], 3).await.unwrap();
        assert_eq!((found.entries.len(), found.truncated), (3, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sign_in_at_once() {
    let realm = realm(directory(&SHARED, TlsMode::Ldaps));
    let tasks: Vec<_> = (0..256)
        .map(|number| {
            let realm = realm.clone();
            tokio::spawn(async move { sign_in(&realm, &Numbered(number).mail()).await })
        })
        .collect();
    for (number, task) in (0..).zip(tasks) {
        assert_eq!(task.await.unwrap(), Ok(Numbered(number).upn()));
    }
}

#[tokio::test]
async fn special_accounts_go_their_special_ways() {
    let realm = realm(directory(&SHARED, TlsMode::Ldaps));
    for (typed, expected) in [
        ("Wendy@Fabrikam.com", "special0@partners.contoso.com"),
        (
            "special0@partners.contoso.com",
            "special0@partners.contoso.com",
        ),
        // A domain typed in Unicode, stored in ASCII; a DN beyond ASCII.
        ("j.mueller@Bücher.example", "special6@partners.contoso.com"),
        // A DN with every character that must be escaped.
        ("o'brien@fabrikam.com", "special7@partners.contoso.com"),
    ] {
        assert_eq!(
            sign_in(&realm, typed).await,
            Ok(expected.to_owned()),
            "{typed}"
        );
    }
    let refused = |typed| {
        let realm = realm.clone();
        async move { realm.find(&name(typed)).await.unwrap_err() }
    };
    assert_eq!(
        refused("reception@adatum.com").await,
        MappingError::Ambiguous { count: 2 }
    );
    assert_eq!(refused("nobody@fabrikam.com").await, MappingError::NoMatch);
    assert!(matches!(
        refused("khart@contoso.com").await,
        MappingError::OutOfScope { .. }
    ));
    assert!(matches!(
        refused("admin@adatum.com").await,
        MappingError::Privileged { .. }
    ));
    assert!(matches!(
        refused("otto@wingtiptoys.com").await,
        MappingError::SuffixNotFederated { .. }
    ));
}

#[tokio::test]
async fn wrong_passwords_are_wrong() {
    let directory = directory(&SHARED, TlsMode::StartTls);
    let dn: Dn = Numbered(1).dn().parse().unwrap();
    for text in [
        "wrong",
        "part.ner-pw0rd",
        "Part.ner-Pw0rd ",
        "*",
        "Part.ner-Pw0r",
    ] {
        let wrong = Password::parse(text).unwrap();
        assert_eq!(
            directory.check_password(&dn, &wrong).await.unwrap_err(),
            BindError::Wrong
        );
    }
    directory.check_password(&dn, &password()).await.unwrap();
    let nobody: Dn = Numbered(ACCOUNTS).dn().parse().unwrap();
    let unknown = directory.check_password(&nobody, &password()).await;
    assert_eq!(unknown.unwrap_err(), BindError::Wrong);
    directory.decoy_bind(&password()).await.unwrap();
}

#[tokio::test]
async fn servers_that_are_not_the_one_meant_are_refused() {
    let stranger = Slapd::start_new(Options::default());
    for mode in [TlsMode::Ldaps, TlsMode::StartTls] {
        let mut wrong_ca = settings(&SHARED, mode);
        wrong_ca.tls = stranger.client_tls();
        let error = Directory::new(wrong_ca).unwrap().probe().await.unwrap_err();
        assert_eq!(step_of(&error), Some(Step::Tls), "{error}");

        let mut wrong_name = settings(&SHARED, mode);
        let url = wrong_name.servers.listed()[0]
            .to_string()
            .replace("localhost", "127.0.0.1");
        wrong_name.servers = Servers::Listed(vec![url.parse().unwrap()]);
        let error = Directory::new(wrong_name)
            .unwrap()
            .probe()
            .await
            .unwrap_err();
        assert_eq!(step_of(&error), Some(Step::Tls), "{error}");
    }
}

#[tokio::test]
async fn nothing_is_said_in_clear_unless_on_purpose() {
    let bare = Slapd::start_new(Options {
        tls: false,
        ..Options::default()
    });
    let error = directory(&bare, TlsMode::StartTls)
        .probe()
        .await
        .unwrap_err();
    assert_eq!(step_of(&error), Some(Step::Tls), "{error}");
    let realm = realm(directory(&bare, TlsMode::PlaintextOnPurpose));
    assert_eq!(
        sign_in(&realm, "wmoran@fabrikam.com").await.unwrap(),
        "special0@partners.contoso.com"
    );
}

#[tokio::test]
async fn a_refused_starttls_sends_no_password() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut settings = settings(&SHARED, TlsMode::StartTls);
    let url = format!("ldap://localhost:{port}");
    settings.servers = Servers::Listed(vec![url.parse().unwrap()]);
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = vec![0; 4096];
        let first = stream.read(&mut buffer).await.unwrap();
        // ExtendedResponse, protocolError.
        stream
            .write_all(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00")
            .await
            .unwrap();
        let mut heard = buffer[..first].to_vec();
        stream.read_to_end(&mut heard).await.unwrap();
        heard
    });
    let error = Directory::new(settings).unwrap().probe().await.unwrap_err();
    assert_eq!(step_of(&error), Some(Step::Tls), "{error}");
    let heard = heard.await.unwrap();
    assert!(
        heard
            .windows(22)
            .any(|window| window == b"1.3.6.1.4.1.1466.20037"),
        "StartTLS"
    );
    let secret = slapd::PASSWORD.as_bytes();
    assert!(!heard.windows(secret.len()).any(|window| window == secret));
}

#[tokio::test]
async fn a_killed_server_is_used_again_once_it_is_back() {
    let mut server = Slapd::start_new(Options::default());
    for mode in [TlsMode::Ldaps, TlsMode::StartTls] {
        let realm = realm(directory(&server, mode));
        sign_in(&realm, &Numbered(1).mail()).await.unwrap();
        server.kill();
        let error = realm.find(&name(&Numbered(2).mail())).await.unwrap_err();
        assert!(
            matches!(&error, MappingError::Directory(error) if step_of(error).is_some()),
            "{error}"
        );
        let dn = Numbered(1).dn().parse().unwrap();
        let error = only(&realm)
            .check_password(&dn, &password())
            .await
            .unwrap_err();
        assert!(
            matches!(&error, BindError::Directory(error) if step_of(error).is_some()),
            "{error}"
        );
        server.start();
        // As long as the longest back-off may be.
        let deadline = Instant::now() + Duration::from_secs(2);
        let mut result = sign_in(&realm, &Numbered(2).mail()).await;
        while result.is_err() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
            result = sign_in(&realm, &Numbered(2).mail()).await;
        }
        assert_eq!(result, Ok(Numbered(2).upn()));
    }
}

#[tokio::test]
async fn a_restart_between_two_sign_ins_is_not_noticed() {
    let mut server = Slapd::start_new(Options::default());
    let realm = realm(directory(&server, TlsMode::Ldaps));
    sign_in(&realm, &Numbered(1).mail()).await.unwrap();
    server.stop();
    server.start();
    assert_eq!(
        sign_in(&realm, &Numbered(2).mail()).await,
        Ok(Numbered(2).upn())
    );
}

#[tokio::test]
async fn connections_that_the_server_closed_when_idle_are_replaced() {
    let server = Slapd::start_new(Options {
        idle_timeout: 1,
        ..Options::default()
    });
    let realm = realm(directory(&server, TlsMode::Ldaps));
    for number in 1..3 {
        assert_eq!(
            sign_in(&realm, &Numbered(number).mail()).await,
            Ok(Numbered(number).upn())
        );
        tokio::time::sleep(Duration::from_millis(2500)).await;
    }
}

#[tokio::test]
async fn a_hung_server_is_an_error_within_the_deadline() {
    let server = Slapd::start_new(Options::default());
    let mut settings = settings(&server, TlsMode::Ldaps);
    settings.limits.operation_deadline = Duration::from_millis(400);
    settings.limits.connect_deadline = Duration::from_millis(400);
    let realm = realm(Directory::new(settings).unwrap());
    sign_in(&realm, &Numbered(1).mail()).await.unwrap();

    server.sigstop();
    for _ in 0..2 {
        // First on the kept connections, then on new ones.
        let started = Instant::now();
        let error = realm.find(&name(&Numbered(2).mail())).await.unwrap_err();
        assert!(matches!(error, MappingError::Directory(_)), "{error}");
        let dn = Numbered(1).dn().parse().unwrap();
        let error = only(&realm)
            .check_password(&dn, &password())
            .await
            .unwrap_err();
        assert!(matches!(error, BindError::Directory(_)), "{error}");
        assert!(
            started.elapsed() < Duration::from_millis(1200),
            "{:?}",
            started.elapsed()
        );
    }
    server.sigcont();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(
        sign_in(&realm, &Numbered(2).mail()).await,
        Ok(Numbered(2).upn())
    );
}

#[tokio::test]
async fn the_second_server_takes_over_from_a_hung_first() {
    let (first, second) = (
        Slapd::start_new(Options::default()),
        Slapd::start_new(Options::default()),
    );
    let mut settings = settings(&first, TlsMode::PlaintextOnPurpose);
    let urls = [first.ldap_url(), second.ldap_url()];
    settings.servers = Servers::Listed(urls.map(|url| url.parse().unwrap()).to_vec());
    settings.limits.attempt_deadline = Duration::from_millis(300);
    let realm = realm(Directory::new(settings).unwrap());
    sign_in(&realm, &Numbered(1).mail()).await.unwrap();
    let server = || async { only(&realm).probe().await.unwrap().server };
    assert_eq!(server().await, first.ldap_url());

    first.sigstop();
    // The search in flight goes to the other server, and so does all that comes after it.
    let started = Instant::now();
    sign_in(&realm, &Numbered(2).mail()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(server().await, second.ldap_url());
    let started = Instant::now();
    sign_in(&realm, &Numbered(3).mail()).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(250));

    // It is used again by itself, as it is the first, and a bind in flight is not lost either.
    first.sigcont();
    let deadline = Instant::now() + Duration::from_secs(12);
    while server().await != first.ldap_url() {
        assert!(Instant::now() < deadline, "the first is not used again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let account = realm.find(&name(&Numbered(4).mail())).await.unwrap();
    realm.prove(&account, &password()).await.unwrap();
    first.sigstop();
    let started = Instant::now();
    realm.prove(&account, &password()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_password_policy_keeps_out_who_has_the_right_password() {
    let server = Slapd::start_new(Options {
        policy: true,
        ..Options::default()
    });
    let realm = realm(directory(&server, TlsMode::Ldaps));
    let wrong = Password::parse("wrong").unwrap();
    for (mail, right_is, wrong_is) in [
        (
            "reset@fabrikam.com",
            Err(BindError::State(AccountState::MustChangePassword)),
            BindError::Wrong,
        ),
        (
            "expired@fabrikam.com",
            Err(BindError::State(AccountState::PasswordExpired)),
            BindError::Wrong,
        ),
        // Which says nothing about the password.
        (
            "locked@fabrikam.com",
            Err(BindError::State(AccountState::LockedOut)),
            BindError::State(AccountState::LockedOut),
        ),
        ("wmoran@fabrikam.com", Ok(()), BindError::Wrong),
    ] {
        let account = realm.find(&name(mail)).await.unwrap();
        let outcome = realm.prove(&account, &wrong).await;
        assert_eq!(outcome.unwrap_err(), wrong_is, "{mail}");
        let outcome = realm.prove(&account, &password()).await;
        assert_eq!(outcome.map(drop), right_is, "{mail}");
    }
}

#[tokio::test]
async fn a_service_account_may_be_known_by_its_certificate() {
    let server = Slapd::start_new(Options {
        client_certificates: true,
        ..Options::default()
    });
    let ca = std::fs::read(server.ca_file()).unwrap();
    let identity = |chain: &[u8], key: &[u8]| {
        let (chain_pem, key_pem) = (chain, key);
        let options = ClientOptions {
            roots_pem: Some(&ca),
            identity: Some(ClientIdentity { chain_pem, key_pem }),
            ..ClientOptions::default()
        };
        let tls = client_config_with(options).unwrap();
        ServiceAccount::Certificate {
            name: slapd::SERVICE_DN.to_owned(),
            tls,
        }
    };
    for mode in [TlsMode::Ldaps, TlsMode::StartTls] {
        let mut settings = settings(&server, mode);
        settings.service = identity(&server.file("client.pem"), &server.file("client-key.pem"));
        let realm = realm(Directory::new(settings.clone()).unwrap());
        let upn = sign_in(&realm, "wmoran@fabrikam.com").await;
        assert_eq!(upn, Ok("special0@partners.contoso.com".to_owned()));

        // Another certificate of the same CA is somebody else, who may read nothing.
        settings.service = identity(&server.file("cert.pem"), &server.file("key.pem"));
        Directory::new(settings).unwrap().probe().await.unwrap_err();
    }
    let mut clear = settings(&server, TlsMode::PlaintextOnPurpose);
    clear.service = identity(&server.file("client.pem"), &server.file("client-key.pem"));
    let refused = Directory::new(clear).unwrap_err();
    assert_eq!(refused, SettingsError::CertificateInClear);
}
