//! Peers that are slow, and a service that is stuck or panics.

use std::time::{Duration, Instant};

use homerealm::http::server::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{sleep, timeout},
};

use crate::running::{answers, get, limits, read_some, read_to_close, start, status};

#[tokio::test]
async fn slow_headers_are_cut_even_when_they_drip() {
    let server = start(limits()).await;
    let begun = Instant::now();
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let dripping = tokio::spawn(async move {
        while writing.write_all(b"X: y\r\n").await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    });
    let mut rest = Vec::new();
    let read = timeout(Duration::from_secs(3), reading.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "the server left the connection open");
    assert!(begun.elapsed() >= Duration::from_millis(290));
    assert!(begun.elapsed() < Duration::from_secs(1));
    dripping.abort();
    assert_eq!(server.handled(), 0);
}

#[tokio::test]
async fn a_connection_may_idle_longer_than_a_header_may_take() {
    let server = start(Limits {
        idle_timeout: Duration::from_secs(2),
        ..limits()
    })
    .await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(get("/").as_bytes()).await.unwrap();
        assert_eq!(status(&read_some(&mut stream).await), 200);
        sleep(Duration::from_millis(550)).await;
    }
    // Yet a later request, once begun, is held to the header's time.
    stream.write_all(b"GET / HT").await.unwrap();
    let begun = Instant::now();
    read_to_close(&mut stream).await;
    assert!(begun.elapsed() >= Duration::from_millis(290));
    assert!(begun.elapsed() < Duration::from_millis(1_500));
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_its_time() {
    let server = start(limits()).await;
    let begun = Instant::now();
    let answer = server.exchange(get("/").as_bytes()).await;
    assert_eq!(answers(&answer), 1, "{answer}");
    assert!(begun.elapsed() >= Duration::from_millis(790));
    assert!(begun.elapsed() < Duration::from_millis(1_500));
}

#[tokio::test]
async fn a_request_begun_behind_another_is_cut_too() {
    let server = start(limits()).await;
    let begun = Instant::now();
    let answer = server
        .exchange(format!("{}GET /never HT", get("/slow")).as_bytes())
        .await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(server.handled(), 1);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_slow_body_is_answered_408() {
    let server = start(limits()).await;
    let answer = server
        .exchange(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        .await;
    assert_eq!(status(&answer), 408, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(server.handled(), 0);
}

#[tokio::test]
async fn a_peer_that_reads_nothing_is_cut_off() {
    let server = start(Limits {
        connections: 1,
        ..limits()
    })
    .await;
    let mut deaf = server.connect().await;
    // More answers than the socket buffers of both sides can hold.
    deaf.write_all(get("/large").repeat(100).as_bytes())
        .await
        .unwrap();
    sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    server.still_serves().await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(server.handled() < 101, "{}", server.handled());
}

#[tokio::test]
async fn a_panic_costs_its_own_request_only() {
    let server = start(limits()).await;
    for path in ["/panic", "/late-panic"] {
        let answer = server.exchange(get(path).as_bytes()).await;
        assert_eq!(status(&answer), 500, "{answer}");
        assert!(!answer.contains("asked to"), "{answer}");
    }
    server.still_serves().await;
}

#[tokio::test]
async fn a_stuck_handler_is_given_up() {
    let server = start(limits()).await;
    let answer = server.exchange(get("/stuck").as_bytes()).await;
    assert_eq!(status(&answer), 503, "{answer}");
}
