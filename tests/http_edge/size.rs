//! Too much of something: octets, header fields, connections.

use std::time::{Duration, Instant};

use homerealm::http::server::Limits;
use tokio::{io::AsyncWriteExt, time::sleep};

use crate::running::{answers, get, limits, read_some, start, status};

#[tokio::test]
async fn oversized_requests_are_answered_with_the_right_status() {
    const LARGE: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 80000\r\n";
    let server = start(limits()).await;
    let long = "x".repeat(20_000);
    let body = "x".repeat(80_000);
    let many = "X: y\r\n".repeat(40);
    let get = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (expected, what, octets) in [
        (
            431,
            "a long header field",
            format!("{get}X: {long}\r\n\r\n"),
        ),
        (431, "many header fields", format!("{get}{many}\r\n")),
        (431, "a head without end", format!("{get}X: {long}")),
        (
            431,
            "a long target",
            format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"),
        ),
        (413, "a large body", format!("{LARGE}\r\n{body}")),
        (
            413,
            "a large body that waits to be asked for",
            format!("{LARGE}Expect: 100-continue\r\n\r\n"),
        ),
        (
            413,
            "a length of exabytes",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n".to_owned(),
        ),
    ] {
        let answer = server.exchange(octets.as_bytes()).await;
        assert_eq!(status(&answer), expected, "{what}: {answer}");
        assert_eq!(answers(&answer), 1, "{what}: {answer}");
    }
    assert_eq!(server.handled(), 0);
    server.still_serves().await;
}

#[tokio::test]
async fn large_bodies_together_have_a_bound_that_small_ones_do_not_feel() {
    let server = start(limits()).await;
    let large = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 65536\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream.write_all(large).await.unwrap();
        held.push(stream);
    }
    sleep(Duration::from_millis(50)).await;
    assert_eq!(status(&server.exchange(large).await), 503);
    let small = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(status(&server.exchange(small).await), 200);

    // Given back when the slow ones have been cut off.
    sleep(Duration::from_millis(400)).await;
    let whole = [&large[..], "x".repeat(65_536).as_bytes()].concat();
    assert_eq!(status(&server.exchange(&whole).await), 200);
}

#[tokio::test]
async fn a_thousand_idle_connections_leave_room_for_a_working_one() {
    let server = start(Limits {
        header_read_timeout: Duration::from_secs(30),
        ..limits()
    })
    .await;
    let mut idle = Vec::new();
    for _ in 0..1_000 {
        idle.push(server.connect().await);
    }
    let mut working = server.connect().await;
    let begun = Instant::now();
    for _ in 0..100 {
        working.write_all(get("/").as_bytes()).await.unwrap();
        assert_eq!(status(&read_some(&mut working).await), 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(2));
    // Not one of them had to go.
    for stream in &mut idle {
        stream.write_all(get("/").as_bytes()).await.unwrap();
        assert_eq!(status(&read_some(stream).await), 200);
    }
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_a_free_place() {
    let server = start(Limits {
        connections: 2,
        ..limits()
    })
    .await;
    let idle = [server.connect().await, server.connect().await];
    let begun = Instant::now();
    // Served once the silent ones have used up their time.
    server.still_serves().await;
    assert!(begun.elapsed() >= Duration::from_millis(250));
    drop(idle);
}
