//! What happens when the directory goes away and comes back, and when the server is told to stop.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;

use std::time::{Duration, Instant};

use homerealm::http::client::{Client, ClientError, Reply};
use provider::{Asked, Options, Provider, is_sign_in_page, posted, type_password};
use slapd::{PASSWORD, Slapd};

const WENDY: &str = "wmoran@fabrikam.com";

async fn open(provider: &Provider, browser: &mut Client) -> Reply {
    let url = provider.url(&Asked::new().to_redirect());
    browser.get(&url, None).await.expect("an answer")
}

/// `/readyz`: status and body.
async fn readiness(provider: &Provider) -> (u16, serde_json::Value) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(provider.operations)
        .await
        .expect("operations listens");
    let request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let status = answer
        .split(' ')
        .nth(1)
        .expect("a status")
        .parse()
        .expect("a number");
    let body = answer.split_once("\r\n\r\n").expect("a body").1;
    (status, serde_json::from_str(body).expect("JSON"))
}

async fn until_ready(provider: &Provider) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while readiness(provider).await.0 != 200 {
        assert!(
            Instant::now() < deadline,
            "not ready again: {:?}",
            readiness(provider).await
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_directory_that_went_away_costs_a_try_and_no_request() {
    let mut slapd = Slapd::start_new(slapd::Options::default());
    let provider = Provider::start(&slapd, Options::default());
    assert_eq!(readiness(&provider).await.0, 200);
    let mut browser = provider.browser();
    let page = open(&provider, &mut browser).await;

    slapd.kill();
    let page = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    assert_eq!(page.status, 503);
    assert!(page.headers.contains_key("retry-after"));
    assert!(is_sign_in_page(&page), "the request is kept");
    assert!(page.text().contains("Nothing is lost"));
    assert!(page.text().contains(WENDY), "the name is kept");
    let (status, body) = readiness(&provider).await;
    assert_eq!(status, 503);
    assert_eq!(body["ready"], false);
    assert!(
        body["cause"]
            .as_str()
            .expect("a cause")
            .contains("localhost"),
        "{body}"
    );

    slapd.start();
    until_ready(&provider).await;
    // The very same page signs her in.
    let answer = posted(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
    assert!(answer.document.contains("status:Success"));
}

#[tokio::test]
async fn a_directory_that_hangs_counts_as_down() {
    let slapd = Slapd::start_new(slapd::Options::default());
    let provider = Provider::start(&slapd, Options::default());
    let mut browser = provider.browser();
    let page = open(&provider, &mut browser).await;
    slapd.sigstop();
    let started = Instant::now();
    let page = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(page.status, 503);
    // Those who are signed in, or only look at the page, notice nothing.
    assert!(is_sign_in_page(
        &open(&provider, &mut provider.browser()).await
    ));
    slapd.sigcont();
    until_ready(&provider).await;
    let answer = posted(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
    assert!(answer.document.contains("status:Success"));
}

#[tokio::test]
async fn a_server_that_starts_without_its_directory_signs_in_once_it_is_there() {
    let mut slapd = Slapd::start_new(slapd::Options::default());
    slapd.kill();
    let provider = Provider::start(&slapd, Options::default());
    assert_eq!(readiness(&provider).await.0, 503);
    slapd.start();
    until_ready(&provider).await;
    let mut browser = provider.browser();
    let page = open(&provider, &mut browser).await;
    posted(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
}

#[tokio::test]
async fn it_stops_in_order() {
    let slapd = Slapd::start_new(slapd::Options::default());
    let provider = Provider::start(&slapd, Options::default());
    let mut browser = provider.browser();
    let page = open(&provider, &mut browser).await;
    // A sign-in that waits for its directory is in flight when the signal comes.
    slapd.sigstop();
    let waiting =
        tokio::spawn(async move { type_password(&mut browser, &page, WENDY, PASSWORD).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    provider.signal("-TERM");
    provider.wait_for("it stops", |line| line.contains("stopping"));
    slapd.sigcont();
    let answer = posted(&waiting.await.expect("no panic"));
    assert!(
        answer.document.contains("status:Success"),
        "it was finished first"
    );
    let url = provider.url("/");
    let refused = provider.browser().get(&url, None).await;
    assert!(
        matches!(refused, Err(ClientError::Connect { .. })),
        "{refused:?}"
    );
    assert_eq!(provider.stop(), Some(0));
}
