//! The client against the embedded directory, over real TLS on loopback.

use std::{
    net::{SocketAddr, TcpListener as StdListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    embedded::{Contents, EmbeddedDirectory, EmbeddedError, demo_accounts},
    test_fixture::{Fixture, tls},
    *,
};

fn dn_of(name: &str) -> Dn {
    let account = demo_accounts::ACCOUNTS
        .iter()
        .find(|account| account.sam_account_name == name);
    account.unwrap().dn().parse().unwrap()
}

fn password() -> Password {
    Password::parse(demo_accounts::PASSWORD).unwrap()
}

#[tokio::test]
async fn searches_return_what_was_asked_for() {
    let fixture = Fixture::start().await;
    let directory = fixture.directory();
    let filter = Filter::equal("MAIL", "WMORAN@fabrikam.com");
    let found = directory
        .search(&filter, &["objectguid", "mail"], 3)
        .await
        .unwrap();
    let [entry] = found.entries.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(entry.dn(), "CN=Wendy Moran,OU=Partners,DC=contoso,DC=com");
    assert_eq!(
        entry.values("mail").collect::<Vec<_>>(),
        ["wmoran@fabrikam.com"]
    );
    assert_eq!(entry.values("displayName").count(), 0, "was not asked for");
    let guid = ObjectGuid::try_from(entry.bytes("objectGUID").next().unwrap()).unwrap();
    assert_eq!(guid, demo_accounts::ACCOUNTS[0].object_guid);

    let by_guid = directory
        .search(&guid.filter(), &["mail"], 3)
        .await
        .unwrap();
    assert_eq!(
        by_guid.entries.len(),
        1,
        "octets in a filter are matched as octets"
    );
}

#[tokio::test]
async fn size_limits_are_an_answer() {
    let fixture = Fixture::start().await;
    let directory = fixture.directory();
    let all = Filter::present("objectGUID");
    let found = directory.search(&all, &["mail"], 3).await.unwrap();
    assert_eq!((found.entries.len(), found.truncated), (3, true));
    let found = directory.search(&all, &["mail"], 1).await.unwrap();
    assert_eq!(
        (found.entries.len(), found.truncated),
        (2, true),
        "two are always asked for"
    );
    let found = directory.search(&all, &["mail"], 13).await.unwrap();
    assert_eq!((found.entries.len(), found.truncated), (13, false));
    let none = Filter::And(vec![all.clone(), Filter::Not(Box::new(all))]);
    assert!(
        directory
            .search(&none, &["mail"], 3)
            .await
            .unwrap()
            .entries
            .is_empty()
    );
}

#[tokio::test]
async fn the_scope_filter_narrows_every_search() {
    let mut fixture = Fixture::start().await;
    let scope = ScopeFilter::parse("(&(objectClass=user)(!(adminCount=1))(sn=M*n))").unwrap();
    fixture.settings.scope_filter = Some(scope);
    let filter = Filter::present("objectGUID");
    let found = fixture
        .directory()
        .search(&filter, &["sn"], 20)
        .await
        .unwrap();
    let names: Vec<_> = found
        .entries
        .iter()
        .flat_map(|entry| entry.values("sn"))
        .collect();
    assert_eq!(names, ["Moran"]);
}

#[tokio::test]
async fn passwords_are_right_wrong_or_stopped_by_the_account() {
    let fixture = Fixture::start().await;
    let directory = fixture.directory();
    let wrong = Password::parse("wrong").unwrap();
    for (name, state) in [
        ("wmoran", None),
        ("jmueller", None),
        ("dlowe", Some(AccountState::Disabled)),
        ("epark", Some(AccountState::PasswordExpired)),
        ("mchang", Some(AccountState::MustChangePassword)),
    ] {
        let dn = dn_of(name);
        let result = directory.check_password(&dn, &password()).await;
        match state {
            None => assert_eq!(result.unwrap().dn(), &dn),
            Some(state) => assert_eq!(result.unwrap_err(), BindError::State(state)),
        }
        let result = directory.check_password(&dn, &wrong).await;
        assert_eq!(result.unwrap_err(), BindError::Wrong, "{name}");
    }
    let nobody = "CN=Nobody,OU=Partners,DC=contoso,DC=com".parse().unwrap();
    let result = directory.check_password(&nobody, &password()).await;
    assert_eq!(result.unwrap_err(), BindError::Wrong);
    let root = "".parse().unwrap();
    assert_eq!(
        directory
            .check_password(&root, &password())
            .await
            .unwrap_err(),
        BindError::Wrong
    );
    directory.decoy_bind(&password()).await.unwrap();
}

#[tokio::test]
async fn connections_are_kept() {
    let fixture = Fixture::start().await;
    let directory = fixture.directory();
    let filter = Filter::equal("mail", "wmoran@fabrikam.com");
    for _ in 0..20 {
        directory.search(&filter, &["mail"], 3).await.unwrap();
        directory
            .check_password(&dn_of("wmoran"), &password())
            .await
            .unwrap();
    }
    let counts = fixture.embedded.counts();
    assert_eq!(
        (counts.connections, counts.searches, counts.binds),
        (2, 20, 21)
    );
}

#[tokio::test]
async fn a_restarted_directory_is_used_again_by_itself() {
    let fixture = Fixture::start().await;
    let directory = fixture.directory();
    let filter = Filter::equal("mail", "wmoran@fabrikam.com");
    directory.search(&filter, &["mail"], 3).await.unwrap();
    directory
        .check_password(&dn_of("wmoran"), &password())
        .await
        .unwrap();
    let fixture = fixture.restart().await;
    directory.search(&filter, &["mail"], 3).await.unwrap();
    directory
        .check_password(&dn_of("wmoran"), &password())
        .await
        .unwrap();
    assert_eq!(fixture.embedded.counts().connections, 2);
    assert!(directory.probe().await.is_ok());
}

#[tokio::test]
async fn the_next_server_takes_over_when_one_is_gone() {
    let mut fixture = Fixture::start().await;
    let gone = StdListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let dead: ServerUrl = format!("ldaps://localhost:{gone}").parse().unwrap();
    fixture.settings.servers.insert(0, dead.clone());
    let directory = fixture.directory();
    let probe = directory.probe().await.unwrap();
    assert_eq!(probe.server, fixture.settings.servers[1].to_string());
    let each = directory.probe_servers().await;
    assert!(
        matches!(&each[0], (server, Err(DirectoryError::Unavailable { step: Step::Connect, .. })) if *server == dead)
    );
    assert!(each[1].1.is_ok());
}

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
    misnamed.servers = vec![
        format!("ldaps://127.0.0.1:{}", fixture.embedded.address().port())
            .parse()
            .unwrap(),
    ];
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
    settings.servers = vec![settings.servers[0].clone(), settings.servers[0].clone()];
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

#[tokio::test]
async fn a_silent_server_counts_as_down() {
    // Accepts, and never says anything.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut fixture = Fixture::start().await;
    fixture
        .settings
        .servers
        .insert(0, format!("ldaps://localhost:{port}").parse().unwrap());
    fixture.settings.limits.connect_deadline = Duration::from_millis(200);
    let started = Instant::now();
    fixture.directory().probe().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
    drop(listener);
}

#[tokio::test]
async fn password_checks_beyond_the_limit_are_told_busy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut fixture = Fixture::start().await;
    fixture.settings.servers = vec![format!("ldaps://localhost:{port}").parse().unwrap()];
    fixture.settings.limits.max_bind_connections = 1;
    fixture.settings.limits.max_wait = Duration::from_millis(50);
    fixture.settings.limits.connect_deadline = Duration::from_millis(500);
    let directory = fixture.directory();
    let (dn, password) = (dn_of("wmoran"), password());
    let (first, second) = tokio::join!(
        directory.check_password(&dn, &password),
        directory.check_password(&dn, &password)
    );
    let mut errors = [first.unwrap_err(), second.unwrap_err()];
    errors.sort_by_key(|error| matches!(error, BindError::Directory(DirectoryError::Busy)));
    assert!(matches!(
        errors[0],
        BindError::Directory(DirectoryError::Unavailable { .. })
    ));
    assert_eq!(errors[1], BindError::Directory(DirectoryError::Busy));
}

#[tokio::test]
async fn searches_beyond_the_limit_are_told_busy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut fixture = Fixture::start().await;
    fixture.settings.servers = vec![format!("ldaps://localhost:{port}").parse().unwrap()];
    fixture.settings.limits.max_searches = 1;
    fixture.settings.limits.max_wait = Duration::from_millis(50);
    fixture.settings.limits.connect_deadline = Duration::from_millis(500);
    let directory = fixture.directory();
    let (first, second) = tokio::join!(directory.probe(), directory.probe());
    let errors = [first.unwrap_err(), second.unwrap_err()];
    let busy = errors
        .iter()
        .filter(|error| **error == DirectoryError::Busy);
    assert_eq!(busy.count(), 1, "{errors:?}");
}

#[tokio::test]
async fn searches_share_several_connections() {
    let mut fixture = Fixture::start().await;
    fixture.settings.limits.search_connections = 3;
    let directory = fixture.directory();
    for _ in 0..12 {
        directory.probe().await.unwrap();
    }
    let counts = fixture.embedded.counts();
    assert_eq!((counts.connections, counts.searches), (3, 12));
}

/// An LDAP server in clear that answers the first request on a connection with the first of
/// these, and so on.
async fn canned(answers: Vec<Vec<u8>>) -> Settings {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            for answer in &answers {
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(answer).await;
            }
            let _ = stream.read(&mut buffer).await;
        }
    });
    let mut settings = Fixture::start().await.settings;
    settings.tls_mode = TlsMode::PlaintextOnPurpose;
    settings.servers = vec![format!("ldap://localhost:{port}").parse().unwrap()];
    settings
}

const BOUND: &[u8] = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";

#[tokio::test]
async fn malformed_answers_are_errors() {
    // A bind's result and an entry that are cut short, each of which the library panics on.
    let short_result = b"\x30\x05\x02\x01\x01\x61\x00".to_vec();
    let empty_entry = b"\x30\x05\x02\x01\x02\x64\x00".to_vec();
    for (answers, expected) in [
        (vec![short_result], Step::Bind),
        (vec![BOUND.to_vec(), empty_entry], Step::Base),
    ] {
        let directory = Directory::new(canned(answers).await).unwrap();
        let error = directory.probe().await.unwrap_err();
        assert!(
            matches!(&error, DirectoryError::Unavailable { step, .. } if *step == expected),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_ignores_the_limit_is_cut_short() {
    let entry = b"\x30\x0d\x02\x01\x02\x64\x08\x04\x04cn=a\x30\x00";
    let done = b"\x30\x0c\x02\x01\x02\x65\x07\x0a\x01\x00\x04\x00\x04\x00";
    for (entries, expected) in [(2, (2, false)), (3, (2, true)), (100, (2, true))] {
        let answer = [entry.repeat(entries), done.to_vec()].concat();
        let directory = Directory::new(canned(vec![BOUND.to_vec(), answer]).await).unwrap();
        let found = directory
            .search(&Filter::present("cn"), &["cn"], 2)
            .await
            .unwrap();
        assert_eq!((found.entries.len(), found.truncated), expected);
    }
}

#[tokio::test]
async fn settings_that_contradict_themselves_are_refused() {
    let fixture = Fixture::start().await;
    let with = |change: fn(&mut Settings)| {
        let mut settings = fixture.settings.clone();
        change(&mut settings);
        Directory::new(settings).unwrap_err()
    };
    assert_eq!(
        with(|settings| settings.servers.clear()),
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
    let shown = format!("{:?}", fixture.settings);
    assert!(!shown.contains(demo_accounts::SERVICE_PASSWORD), "{shown}");
}

#[tokio::test]
async fn the_embedded_directory_stays_on_loopback_and_does_little() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = EmbeddedDirectory::start(Contents::demo().unwrap(), everywhere, tls().0).await;
    assert!(matches!(refused, Err(EmbeddedError::NotLoopback(_))));

    let fixture = Fixture::start().await;
    let settings = ldap3::LdapConnSettings::new().set_config(fixture.settings.tls.clone());
    let url = fixture.settings.servers[0].to_string();
    let (connection, mut ldap) = ldap3::LdapConnAsync::with_settings(settings, &url)
        .await
        .unwrap();
    tokio::spawn(connection.drive());
    let wendy = dn_of("wmoran");
    let search = ldap
        .search(demo_accounts::BASE, ldap3::Scope::Subtree, "(cn=*)", ["*"])
        .await;
    assert_eq!(search.unwrap().1.rc, 1, "nobody is bound");
    assert_eq!(
        ldap.simple_bind(wendy.as_str(), "").await.unwrap().rc,
        53,
        "empty password"
    );
    assert_eq!(ldap.sasl_external_bind().await.unwrap().rc, 7);
    let root = ldap
        .search("", ldap3::Scope::Base, "(objectClass=*)", ["*"])
        .await
        .unwrap()
        .0;
    assert_eq!(root.len(), 1, "anybody may read the root DSE");
    let bound = ldap
        .simple_bind("WMORAN@partners.contoso.com", demo_accounts::PASSWORD)
        .await;
    assert_eq!(bound.unwrap().rc, 0, "a UPN is a bind name too");
    assert_eq!(ldap.delete(wendy.as_str()).await.unwrap().rc, 53);
    let one = ldap.search(
        demo_accounts::BASE,
        ldap3::Scope::OneLevel,
        "(objectClass=*)",
        ["1.1"],
    );
    assert_eq!(one.await.unwrap().0.len(), 2, "the two units");
    let found = ldap.search(
        demo_accounts::BASE,
        ldap3::Scope::Subtree,
        "(sn=muller)",
        ["cn"],
    );
    assert_eq!(
        found.await.unwrap().0.len(),
        1,
        "accents are ignored, as Active Directory does"
    );
}

/// What a scripted server does with a bind.
#[derive(Clone, Copy)]
enum Reply {
    Success,
    Close,
    Silence,
}

/// An LDAP server in clear that treats the binds on each connection by a script, and counts them.
async fn scripted(script: Vec<Vec<Reply>>) -> (Settings, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let binds = Arc::new(AtomicUsize::new(0));
    let counter = binds.clone();
    tokio::spawn(async move {
        for replies in script {
            let (mut stream, _) = listener.accept().await.unwrap();
            let counter = counter.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                for (reply, id) in replies.into_iter().zip(1_u8..) {
                    if stream.read(&mut buffer).await.unwrap_or(0) == 0 {
                        return;
                    }
                    counter.fetch_add(1, Ordering::Relaxed);
                    match reply {
                        Reply::Success => {
                            let answer = [0x30, 12, 2, 1, id, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0];
                            stream.write_all(&answer).await.unwrap();
                        }
                        Reply::Close => return,
                        Reply::Silence => std::future::pending().await,
                    }
                }
            });
        }
    });
    let mut settings = Fixture::start().await.settings;
    settings.tls_mode = TlsMode::PlaintextOnPurpose;
    settings.servers = vec![format!("ldap://localhost:{port}").parse().unwrap()];
    settings.limits.operation_deadline = Duration::from_millis(200);
    (settings, binds)
}

#[tokio::test]
async fn a_bind_is_tried_again_once_and_only_when_the_kept_connection_was_closed() {
    use Reply::{Close, Silence, Success};
    for (script, second_works, binds_seen) in [
        // Closed when the second bind came: tried again on a new connection.
        (vec![vec![Success, Close], vec![Success]], true, 3),
        // The new connection is closed as well: not tried a third time.
        (
            vec![vec![Success, Close], vec![Close], vec![Success]],
            false,
            3,
        ),
        // No answer: the server may have counted it, so it is not tried again.
        (vec![vec![Success, Silence], vec![Success]], false, 2),
    ] {
        let (settings, binds) = scripted(script).await;
        let directory = Directory::new(settings).unwrap();
        directory
            .check_password(&dn_of("wmoran"), &password())
            .await
            .unwrap();
        let second = directory
            .check_password(&dn_of("wmoran"), &password())
            .await;
        assert_eq!(second.is_ok(), second_works, "{second:?}");
        assert_eq!(binds.load(Ordering::Relaxed), binds_seen);
    }
    // A connection that was never used before has no such excuse.
    let (settings, binds) = scripted(vec![vec![Close], vec![Success]]).await;
    let directory = Directory::new(settings).unwrap();
    let first = directory
        .check_password(&dn_of("wmoran"), &password())
        .await;
    assert!(matches!(
        first,
        Err(BindError::Directory(DirectoryError::Unavailable { .. }))
    ));
    assert_eq!(binds.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_bind_goes_to_another_server_once() {
    use Reply::{Close, Silence, Success};
    for (first, second, works, binds_seen) in [
        (vec![Silence], vec![Success], true, 2),
        (vec![Close], vec![Success], true, 2),
        (vec![Success, Silence], vec![Success], true, 3),
        // Both hang: nobody is asked a third time.
        (vec![Silence], vec![Silence, Success], false, 2),
    ] {
        let times = first.len();
        let (mut settings, at_first) = scripted(vec![first]).await;
        let (other, at_second) = scripted(vec![second.clone(), second]).await;
        settings.servers.extend(other.servers);
        settings.limits.attempt_deadline = Duration::from_millis(80);
        let directory = Directory::new(settings).unwrap();
        let mut last = Ok(());
        for _ in 0..times {
            let started = Instant::now();
            last = directory
                .check_password(&dn_of("wmoran"), &password())
                .await
                .map(drop);
            assert!(started.elapsed() < Duration::from_millis(400));
        }
        assert_eq!(last.is_ok(), works, "{last:?}");
        let seen = at_first.load(Ordering::Relaxed) + at_second.load(Ordering::Relaxed);
        assert_eq!(seen, binds_seen);
    }
}

#[tokio::test]
async fn a_bind_without_a_name_is_not_sent() {
    // Servers may take a bind without a name for an anonymous one, and say yes.
    let (settings, binds) = scripted(vec![vec![Reply::Success]]).await;
    let root = "".parse().unwrap();
    let nameless = Directory::new(settings)
        .unwrap()
        .check_password(&root, &password())
        .await;
    assert_eq!(nameless.unwrap_err(), BindError::Wrong);
    assert_eq!(binds.load(Ordering::Relaxed), 0);
}
