//! Password checks: their verdicts, how many at once, and how often a bind is sent.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

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
async fn password_checks_beyond_the_limit_are_told_busy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut fixture = Fixture::start().await;
    fixture.settings.servers =
        Servers::Listed(vec![format!("ldaps://localhost:{port}").parse().unwrap()]);
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
    settings.servers = Servers::Listed(vec![format!("ldap://localhost:{port}").parse().unwrap()]);
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
        let both = [settings.servers.listed(), other.servers.listed()].concat();
        settings.servers = Servers::Listed(both);
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
