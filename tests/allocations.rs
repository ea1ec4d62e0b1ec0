//! How many memory allocations a sign-in with a live session costs the server: counted, and bounded.
//!
//! The server of this process, over plain HTTP on loopback, as a proxy speaks to it. Its allocator counts
//! each allocation and each growth. The browser makes none while it is counted: its requests are ready
//! before, and answers go to memory that is there.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

use std::{
    alloc::System,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    sync::mpsc,
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::DeflateEncoder};
use homerealm::{
    config::Config,
    directory::{
        self, Password, ServiceAccount, TlsMode,
        embedded::{Contents, EmbeddedDirectory, demo_accounts},
    },
    http::{
        PageForm,
        server::Server,
        tls::{LocalCa, client_config},
    },
    keys::{KeyRing, create_signing_key},
    observe::{LogFormat, start_logging},
    provider::{HomeParts, Parts, Provider, assemble},
    saml2::{format_timestamp, new_id},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MOST: usize = 60;
const SIGN_INS: usize = 16;

#[test]
fn a_sign_in_with_a_live_session_makes_few_allocations() {
    // With the audit trail, which every sign-in writes to.
    start_logging(LogFormat::Json, LevelFilter::WARN).expect("a log");
    let address = served();
    let mut browser = Browser::new(address);
    browser.sign_in_by_password();
    // What grows once and stays is there after some.
    browser.sign_in_by_session(SIGN_INS);
    let (fewer, more) = (
        browser.sign_in_by_session(SIGN_INS),
        browser.sign_in_by_session(SIGN_INS * 3),
    );
    let each = (more - fewer).div_ceil(SIGN_INS * 2);
    println!("{each} allocations for each sign-in with a live session; at most {MOST}");
    assert!(each > 10, "not counted: {fewer} and {more}");
    assert!(each <= MOST, "{each} allocations; at most {MOST}");
}

/// A server of the demo's accounts that runs as long as this process.
fn served() -> SocketAddr {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async move {
            let ca = LocalCa::new().expect("a CA");
            let certificate = ca.issue(&["localhost"]).expect("a certificate");
            let directory = EmbeddedDirectory::start(
                Contents::demo().expect("accounts"),
                SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                certificate.server_config().expect("TLS"),
            );
            let directory = directory.await.expect("a directory");
            let provider = provider(directory.address().port(), &ca);
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let server = Server::bind(any).await.expect("a port");
            tell.send(server.local_addr().expect("its address"))
                .expect("told");
            let service = provider.identity_provider;
            server.serve(service, CancellationToken::new()).await;
        });
    });
    told.recv().expect("a server")
}

fn provider(ldap_port: u16, ca: &LocalCa) -> Provider {
    let toml = include_str!("../config/demo.toml");
    let config = Config::parse(toml, "config/demo.toml", Path::new("")).expect("the demo's");
    let home = &config.directories[0];
    assemble(Parts {
        edge: config.edge.clone(),
        session_lifetime: config.session_lifetime,
        guard: config.guard,
        limits: config.limits.requests,
        shared: None,
        corporate_networks: Vec::new(),
        keys: KeyRing::new(create_signing_key("test", 1).expect("a key").signer, None),
        relying_parties: vec![config.relying_parties[0].load().expect("Entra")],
        applications: Vec::new(),
        domains: config.domains.clone(),
        routes: config.routes.clone(),
        upstreams: Vec::new(),
        homes: vec![HomeParts {
            name: home.name.clone(),
            directory: directory_settings(ldap_port, ca),
            mapping: home.mapping.clone(),
        }],
    })
    .expect("an identity provider")
}

fn directory_settings(port: u16, ca: &LocalCa) -> directory::Settings {
    let password = Password::parse(demo_accounts::SERVICE_PASSWORD).expect("a password");
    directory::Settings {
        servers: directory::Servers::Listed(vec![
            format!("ldaps://localhost:{port}").parse().expect("a URL"),
        ]),
        tls_mode: TlsMode::Ldaps,
        tls: client_config(&[ca.ca_pem().as_bytes()]).expect("TLS"),
        service: ServiceAccount::Password {
            name: demo_accounts::SERVICE_DN.to_owned(),
            password,
        },
        base: demo_accounts::BASE.parse().expect("a DN"),
        scope_filter: None,
        password_change: directory::PasswordChange::Off,
        limits: directory::Limits::default(),
    }
}

/// One kept connection, and the cookies.
struct Browser {
    connection: TcpStream,
    cookies: Vec<String>,
    answer: Vec<u8>,
}

impl Browser {
    fn new(address: SocketAddr) -> Self {
        let connection = TcpStream::connect(address).expect("a connection");
        let timeout = Some(Duration::from_secs(30));
        connection.set_read_timeout(timeout).expect("a timeout");
        Self {
            connection,
            cookies: Vec::new(),
            answer: vec![0; 64 * 1024],
        }
    }

    fn sign_in_by_password(&mut self) {
        let request = self.request(&format!("GET {}", authn_request()), "");
        let page = self.text_of(&request);
        let mut form = PageForm::find(&page, Some("sign-in")).expect("the sign-in page");
        form.fill("name", homerealm::demo::WENDY).expect("a field");
        let password = homerealm::demo::DEMO_PASSWORD;
        form.fill("password", password).expect("a field");
        let mut fields = form_urlencoded::Serializer::new(String::new());
        let body = fields.extend_pairs(&form.fields).finish();
        let request = self.request("POST /signin", &body);
        assert!(
            self.text_of(&request).contains("SAMLResponse"),
            "not signed in"
        );
        assert_eq!(self.cookies.len(), 2, "{:?}", self.cookies);
    }

    /// So many, and the allocations meanwhile.
    fn sign_in_by_session(&mut self, count: usize) -> usize {
        let request = |_| self.request(&format!("GET {}", authn_request()), "");
        let requests: Vec<_> = (0..count).map(request).collect();
        let region = Region::new(ALLOCATOR);
        for request in &requests {
            let length = self.exchange(request);
            let page = &self.answer[..length];
            let is_answer = page.windows(12).any(|text| text == b"SAMLResponse");
            assert!(is_answer, "{}", String::from_utf8_lossy(page));
        }
        let change = region.change();
        change.allocations + change.reallocations
    }

    fn request(&self, target: &str, body: &str) -> Vec<u8> {
        format!(
            "{target} HTTP/1.1\r\nHost: idp.localhost:8443\r\nX-Forwarded-For: 192.0.2.7\r\n\
             Origin: https://idp.localhost:8443\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nCookie: {}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.cookies.join("; "),
            body.len(),
        )
        .into_bytes()
    }

    fn text_of(&mut self, request: &[u8]) -> String {
        let length = self.exchange(request);
        let answer = String::from_utf8_lossy(&self.answer[..length]).into_owned();
        let lines = answer.lines().take_while(|line| !line.is_empty());
        let set = lines.filter_map(|line| line.strip_prefix("set-cookie: "));
        let pairs = set.filter_map(|cookie| cookie.split(';').next());
        self.cookies.extend(pairs.map(str::to_owned));
        answer
    }

    /// Sends it, and reads the answer; its length.
    fn exchange(&mut self, request: &[u8]) -> usize {
        self.connection.write_all(request).expect("it is sent");
        let mut length = 0;
        loop {
            let read = self.connection.read(&mut self.answer[length..]);
            length += read.expect("an answer");
            if whole(&self.answer[..length]).is_some_and(|whole| length >= whole) {
                return length;
            }
        }
    }
}

/// How long the answer is that begins so.
fn whole(answer: &[u8]) -> Option<usize> {
    const FIELD: &[u8] = b"content-length: ";
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let field = answer[..head]
        .windows(FIELD.len())
        .position(|it| it == FIELD)?;
    let digits = answer[field + FIELD.len()..head].iter();
    let digits = digits.take_while(|digit| digit.is_ascii_digit());
    let body = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    Some(head + body)
}

/// A request of Entra's that nobody has made before, by HTTP-Redirect.
fn authn_request() -> String {
    let xml = format!(
        r#"<samlp:AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="{}" IssueInstant="{}" Version="2.0"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">urn:federation:MicrosoftOnline</Issuer><samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"/></samlp:AuthnRequest>"#,
        new_id().expect("random bytes"),
        format_timestamp(OffsetDateTime::now_utc()),
    );
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(xml.as_bytes()).expect("memory");
    let message = STANDARD.encode(encoder.finish().expect("memory"));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("SAMLRequest", &message)
        .append_pair("RelayState", "counted");
    format!("/saml2/sso?{}", query.finish())
}
