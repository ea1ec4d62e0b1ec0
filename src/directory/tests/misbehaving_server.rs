//! Servers that answer what they must not.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

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
    settings.servers = Servers::Listed(vec![format!("ldap://localhost:{port}").parse().unwrap()]);
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
