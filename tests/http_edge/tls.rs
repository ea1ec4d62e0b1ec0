//! TLS as browsers and strangers meet it.

use std::time::{Duration, Instant};

use homerealm::http::{
    client::Client,
    tls::{LocalCa, client_config},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::sleep,
};
use tokio_rustls::TlsConnector;

use crate::running::{Running, bind, get, limits, run, status};

async fn start(ca: &LocalCa) -> Running {
    let issued = ca.issue(&["idp.localhost"]).unwrap();
    let config = issued.server_config().unwrap();
    run(bind().await.with_limits(limits()).with_tls(config))
}

#[tokio::test]
async fn the_client_keeps_its_connection_and_notices_when_it_is_gone() {
    let ca = LocalCa::new().unwrap();
    let server = start(&ca).await;
    let trusting = client_config(&[ca.ca_pem().as_bytes()]).unwrap();
    let mut client = Client::new(trusting).with_address("idp.localhost", server.address);
    let url = "https://idp.localhost/hello".parse().unwrap();
    for _ in 0..2 {
        let reply = client.get(&url, None).await.unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(reply.text(), "GET /hello  0");
    }
    // Longer than the server keeps an idle connection.
    sleep(Duration::from_secs(1)).await;
    let form = [("a".to_owned(), "1&2".to_owned())];
    let reply = client.post_form(&url, &form, None).await.unwrap();
    assert_eq!(reply.text(), "POST /hello  7");
    assert_eq!(server.handled(), 3);
}

#[tokio::test]
async fn neither_a_strange_ca_nor_a_strange_name_is_trusted() {
    let ca = LocalCa::new().unwrap();
    let server = start(&ca).await;
    for (trusted, host) in [
        (&LocalCa::new().unwrap(), "idp.localhost"),
        (&ca, "evil.localhost"),
    ] {
        let config = client_config(&[trusted.ca_pem().as_bytes()]).unwrap();
        let mut client = Client::new(config).with_address(host, server.address);
        let url = format!("https://{host}/").parse().unwrap();
        let refused = client.get(&url, None).await.unwrap_err();
        assert!(refused.to_string().contains("certificate"), "{refused}");
    }
    assert_eq!(server.handled(), 0);
}

#[tokio::test]
async fn a_returning_browser_is_spared_the_full_handshake() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let ca = LocalCa::new().unwrap();
        let server = start(&ca).await;
        let mut roots = rustls::RootCertStore::empty();
        for root in certificates_of(&ca) {
            roots.add(root).unwrap();
        }
        let provider = rustls::crypto::aws_lc_rs::default_provider().into();
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(std::sync::Arc::new(config));
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let name = "idp.localhost".try_into().unwrap();
            let stream = server.connect().await;
            let mut stream = connector.connect(name, stream).await.unwrap();
            let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
            stream.write_all(request).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert_eq!(status(&answer), 200);
            kinds.push(stream.get_ref().1.handshake_kind().unwrap());
        }
        assert_eq!(kinds[1], rustls::HandshakeKind::Resumed, "{version:?}");
    }
}

fn certificates_of(ca: &LocalCa) -> Vec<rustls::pki_types::CertificateDer<'static>> {
    use rustls::pki_types::pem::PemObject;
    rustls::pki_types::CertificateDer::pem_slice_iter(ca.ca_pem().as_bytes())
        .collect::<Result<_, _>>()
        .unwrap()
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_cut() {
    let ca = LocalCa::new().unwrap();
    let server = start(&ca).await;
    for begun_with in [&b""[..], b"\x16\x03\x01\x02\x00"] {
        let begun = Instant::now();
        assert_eq!(server.exchange(begun_with).await, "");
        assert!(begun.elapsed() >= Duration::from_millis(290));
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_told_so() {
    let ca = LocalCa::new().unwrap();
    let server = start(&ca).await;
    let answer = server.exchange(get("/").as_bytes()).await;
    assert_eq!(status(&answer), 400, "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(body.contains("HTTPS"), "{answer}");
    let length = format!("content-length: {}", body.len());
    assert!(head.contains(&length), "{answer}");
    assert_eq!(server.handled(), 0);
}
