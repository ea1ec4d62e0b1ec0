//! Requests that two parsers could read differently, and requests that are none.

use crate::running::{answers, get, limits, start, status};

#[tokio::test]
async fn a_plain_request_reaches_the_service_as_it_was_sent() {
    let server = start(limits()).await;
    let answer = server
        .exchange(
            b"POST /a%20b?x=%2B+1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\
              Connection: close\r\n\r\nhello",
        )
        .await;
    assert_eq!(status(&answer), 200);
    assert!(answer.ends_with("POST /a%20b x=%2B+1 5"), "{answer}");
    assert!(answer.contains("\r\ndate: "), "{answer}");
}

/// Sends each head, a body that could be read in two ways, and a request hidden behind it. There
/// must be one answer, the right one, and the hidden request must never be read.
async fn refused(cases: &[(u16, &str, &str)]) {
    let server = start(limits()).await;
    let hidden = get("/hidden");
    for (expected, head, body) in cases {
        let answer = server
            .exchange(format!("{head}\r\n\r\n{body}{hidden}").as_bytes())
            .await;
        assert_eq!(status(&answer), *expected, "{head:?}: {answer:?}");
        assert_eq!(answers(&answer), 1, "{head:?}: {answer:?}");
    }
    assert_eq!(server.handled(), 0);
    server.still_serves().await;
}

#[tokio::test]
async fn chunks_are_refused_with_and_without_a_length() {
    const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\n";
    let cases = [
        (411, "Content-Length: 4\r\nTransfer-Encoding: chunked"),
        (411, "Transfer-Encoding: chunked\r\nContent-Length: 4"),
        (411, "Transfer-Encoding: chunked"),
        (411, "Transfer-Encoding: Chunked"),
        (411, "Transfer-Encoding: gzip, chunked"),
        (
            411,
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        ),
        (400, "Transfer-Encoding: xchunked\r\nContent-Length: 4"),
        (400, "Transfer-Encoding: chunked, identity"),
        (400, "Transfer-Encoding : chunked"),
        (400, "X: y\r\n Transfer-Encoding: chunked"),
        (400, "Transfer-Encoding: \u{b}chunked"),
    ]
    .map(|(status, fields)| (status, format!("{POST}{fields}")));
    let cases: Vec<_> = cases
        .iter()
        .map(|(status, head)| (*status, head.as_str(), "0\r\n\r\n"))
        .collect();
    refused(&cases).await;
    refused(&[(
        400,
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked",
        "0\r\n\r\n",
    )])
    .await;
}

#[tokio::test]
async fn lengths_that_are_not_one_number_are_refused() {
    const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ";
    let cases = [
        "4\r\nContent-Length: 5",
        "4, 5",
        "4, 4",
        "+4",
        "-1",
        "0x4",
        "4 4",
        "",
        "99999999999999999999",
    ]
    .map(|length| format!("{POST}{length}"));
    let cases: Vec<_> = cases
        .iter()
        .map(|head| (400, head.as_str(), "abcd"))
        .collect();
    refused(&cases).await;
}

#[tokio::test]
async fn the_host_must_be_named_once_and_plainly() {
    refused(&[
        (400, "GET / HTTP/1.1", ""),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b", ""),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a", ""),
        (400, "GET / HTTP/1.1\r\nHost:", ""),
        (400, "GET / HTTP/1.1\r\nHost: a@b", ""),
        (400, "GET / HTTP/1.1\r\nHost: a/b", ""),
        (400, "GET / HTTP/1.1\r\nHost: a, b", ""),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nHost : b", ""),
    ])
    .await;
}

#[tokio::test]
async fn old_peers_may_leave_the_host_out() {
    let server = start(limits()).await;
    let answer = server.exchange(b"GET /probe HTTP/1.0\r\n\r\n").await;
    assert_eq!(status(&answer), 200, "{answer}");
}

#[tokio::test]
async fn targets_are_paths() {
    refused(&[
        (400, "GET http://other.example/ HTTP/1.1\r\nHost: a", ""),
        (400, "OPTIONS * HTTP/1.1\r\nHost: a", ""),
        (400, "GET other HTTP/1.1\r\nHost: a", ""),
        (400, "GET other.example:80 HTTP/1.1\r\nHost: a", ""),
        (400, "GET  / HTTP/1.1\r\nHost: a", ""),
        (400, "GET /\u{1} HTTP/1.1\r\nHost: a", ""),
    ])
    .await;
}

#[tokio::test]
async fn methods_and_versions_are_the_common_ones() {
    refused(&[
        (501, "CONNECT other.example:443 HTTP/1.1\r\nHost: a", ""),
        (501, "TRACE / HTTP/1.1\r\nHost: a", ""),
        (501, "BREW / HTTP/1.1\r\nHost: a", ""),
        (400, "GET / HTTP/2.0\r\nHost: a", ""),
        (400, "GET / HTTP/1.1 \r\nHost: a", ""),
        (400, "G\u{0}T / HTTP/1.1\r\nHost: a", ""),
    ])
    .await;
}

#[tokio::test]
async fn header_fields_have_no_control_characters() {
    refused(&[
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b", ""),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb", ""),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX\0: a", ""),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nno colon", ""),
        (400, "\u{16}\u{3}\u{1}\u{2}", ""),
    ])
    .await;
}

#[tokio::test]
async fn pipelined_garbage_ends_the_connection_after_the_good_request() {
    let server = start(limits()).await;
    let garbage = "\u{1}\u{2} garbage\r\n\r\n";
    let answer = server
        .exchange(format!("{}{garbage}", get("/first")).as_bytes())
        .await;
    assert_eq!(status(&answer), 200);
    assert_eq!(answers(&answer), 2, "{answer}");
    assert!(answer.contains("HTTP/1.1 400"), "{answer}");
    assert_eq!(server.handled(), 1);
}
