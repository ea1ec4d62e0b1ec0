//! Requests as no browser would write them, and what must be true of every answer.

use std::time::{Duration, Instant};

use homerealm::http::PageForm;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::provider::{HOST, Provider};

pub(crate) const FORM_COOKIE: &str = "__Host-homerealm-form";
pub(crate) const SESSION_COOKIE: &str = "__Host-homerealm-session";

/// One request, written by hand.
#[derive(Clone)]
pub(crate) struct Raw {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Raw {
    pub(crate) fn new(method: &'static str, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// A web form.
    pub(crate) fn form<N: AsRef<str>, V: AsRef<str>>(
        target: impl Into<String>,
        fields: &[(N, V)],
    ) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields.iter().map(|(n, v)| (n.as_ref(), v.as_ref())))
            .finish();
        Self::new("POST", target)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a header field, in place of one with this name.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) async fn send(&self, provider: &Provider) -> Answer {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let has = |name: &str| {
            self.headers
                .iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(name))
        };
        if !has("host") {
            head.push_str(&format!("Host: {HOST}:{}\r\n", provider.address().port()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!(
            "Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.body.len()
        ));
        let stream = TcpStream::connect(provider.address())
            .await
            .expect("it listens");
        let name = HOST.try_into().expect("a name");
        let mut stream = TlsConnector::from(provider.tls())
            .connect(name, stream)
            .await
            .expect("it speaks TLS");
        stream.write_all(head.as_bytes()).await.expect("sent");
        // It may answer, and close, before it has read all of a body that is too large.
        let _ = stream.write_all(&self.body).await;
        let mut octets = Vec::new();
        // An end without a TLS goodbye is fine: the length says where the answer ends.
        let _ = stream.read_to_end(&mut octets).await;
        Answer::parse(&String::from_utf8_lossy(&octets))
    }
}

/// An answer, whatever it is.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        Self {
            status: status.and_then(|s| s.parse().ok()).expect("a status"),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let field = self.headers.iter().find(|(other, _)| other == name);
        field.map_or("", |(_, value)| value)
    }

    /// The value of a cookie that this answer sets.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.all("set-cookie").find_map(|set| {
            let (other, rest) = set.split_once('=')?;
            (other == name).then(|| rest.split(';').next().unwrap_or(""))
        })
    }

    pub(crate) fn find_form(&self, id: &str) -> Option<PageForm> {
        PageForm::find(&self.body, Some(id)).ok()
    }

    pub(crate) fn is_sign_in_page(&self) -> bool {
        self.find_form("sign-in").is_some()
    }

    /// The number that the page shows.
    pub(crate) fn correlation(&self) -> &str {
        let (_, after) = self
            .body
            .split_once("id=\"correlation\">")
            .unwrap_or_else(|| panic!("no correlation id: {self:?}"));
        after.split_once('<').expect("an end").0
    }

    /// What must be true of every page, good or bad.
    pub(crate) fn must_be_a_secure_page(&self, case: &str) {
        assert_eq!(
            self.header("content-type"),
            "text/html; charset=utf-8",
            "{case}: {self:?}"
        );
        assert_eq!(self.header("cache-control"), "no-store", "{case}");
        assert_eq!(self.header("referrer-policy"), "no-referrer", "{case}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{case}");
        assert!(
            self.header("strict-transport-security")
                .starts_with("max-age="),
            "{case}"
        );
        assert_eq!(self.header("location"), "", "{case}");
        let policy = self.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action ",
        ] {
            assert!(policy.contains(rule), "{case}: {policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{case}: {policy}"
        );
        let nonces: Vec<&str> = policy.split("'nonce-").skip(1).collect();
        assert!(!nonces.is_empty(), "{case}: {policy}");
        for nonce in nonces {
            let nonce = nonce.split('\'').next().expect("an end");
            assert!(
                nonce.len() >= 22 && self.body.contains(nonce),
                "{case}: {policy}"
            );
        }
        let scripts = self.body.matches("<script").count();
        assert_eq!(
            scripts,
            self.body.matches("<script nonce=\"").count(),
            "{case}"
        );
        for set in self.all("set-cookie") {
            assert!(set.starts_with("__Host-"), "{case}: {set}");
            let parts: Vec<&str> = set.split("; ").skip(1).collect();
            assert_eq!(
                parts,
                ["Path=/", "Secure", "HttpOnly", "SameSite=None"],
                "{case}"
            );
        }
    }
}

/// An error page that leads nowhere, with the number of an audit line that knows why.
pub(crate) async fn must_be_refused(
    provider: &Provider,
    answer: &Answer,
    status: u16,
    cause: &str,
    case: &str,
) {
    let case = if case.len() > 300 { &case[..300] } else { case };
    assert_eq!(answer.status, status, "{case}: {answer:?}");
    answer.must_be_a_secure_page(case);
    assert!(
        PageForm::find(&answer.body, None).is_err(),
        "{case}: a form"
    );
    assert!(!answer.body.contains("<script"), "{case}: a script");
    assert!(!answer.body.contains("evil"), "{case}: {}", answer.body);
    assert_eq!(answer.cookie(SESSION_COOKIE), None, "{case}");
    let line = audit_line(provider, answer.correlation()).await;
    assert_eq!(line["event"], "request-refused", "{case}: {line}");
    let told = line["cause"].as_str().expect("a cause");
    assert!(told.contains(cause), "{case}: {told}");
}

/// The first audit line of a sign-in, once it is there: the log comes by a pipe.
pub(crate) async fn audit_line(provider: &Provider, correlation: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let log = provider.log();
        let found = log
            .iter()
            .rev()
            .take(50)
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|line| line["correlation"] == correlation);
        if let Some(line) = found {
            return line;
        }
        assert!(
            Instant::now() < deadline,
            "no line {correlation}:\n{}",
            log.join("\n")
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
