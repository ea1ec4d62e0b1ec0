//! Connections that are kept, and servers that go away, come back or fall silent.

use std::net::TcpListener as StdListener;

use super::*;

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
    let alive = fixture.settings.servers.listed()[0].clone();
    fixture.settings.servers = Servers::Listed(vec![dead.clone(), alive.clone()]);
    let directory = fixture.directory();
    let probe = directory.probe().await.unwrap();
    assert_eq!(probe.server, alive.to_string());
    let each = directory.probe_servers().await;
    assert!(
        matches!(&each[0], (server, Err(DirectoryError::Unavailable { step: Step::Connect, .. })) if *server == dead)
    );
    assert!(each[1].1.is_ok());
}

#[tokio::test]
async fn a_silent_server_counts_as_down() {
    // Accepts, and never says anything.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut fixture = Fixture::start().await;
    let silent = format!("ldaps://localhost:{port}").parse().unwrap();
    let alive = fixture.settings.servers.listed()[0].clone();
    fixture.settings.servers = Servers::Listed(vec![silent, alive]);
    fixture.settings.limits.connect_deadline = Duration::from_millis(200);
    let started = Instant::now();
    fixture.directory().probe().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
    drop(listener);
}
