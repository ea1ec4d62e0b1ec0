//! Settings that no client is made of.

use super::*;

#[tokio::test]
async fn settings_that_contradict_themselves_are_refused() {
    let fixture = Fixture::start().await;
    let with = |change: fn(&mut Settings)| {
        let mut settings = fixture.settings.clone();
        change(&mut settings);
        Directory::new(settings).unwrap_err()
    };
    assert_eq!(
        with(|settings| settings.servers = Servers::Listed(vec![])),
        SettingsError::NoServer
    );
    assert_eq!(
        with(|settings| {
            settings.service = ServiceAccount::Password {
                name: String::new(),
                password: password(),
            }
        }),
        SettingsError::NoBindDn
    );
    assert_eq!(
        with(|settings| settings.limits.max_bind_connections = 0),
        SettingsError::NoConnections
    );
    for mode in [TlsMode::StartTls, TlsMode::PlaintextOnPurpose] {
        let mut settings = fixture.settings.clone();
        settings.tls_mode = mode;
        assert!(matches!(
            Directory::new(settings),
            Err(SettingsError::Scheme { .. })
        ));
    }
    let mut clear = fixture.settings.clone();
    clear.tls_mode = TlsMode::PlaintextOnPurpose;
    let domain = "contoso.com".parse().unwrap();
    clear.servers = Servers::Discovered(Discovery::new(domain, None).unwrap());
    assert_eq!(
        Directory::new(clear).unwrap_err(),
        SettingsError::DiscoveryInClear
    );
    let shown = format!("{:?}", fixture.settings);
    assert!(!shown.contains(demo_accounts::SERVICE_PASSWORD), "{shown}");
}
