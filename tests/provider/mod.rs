//! `homerealm serve` as a process, in front of a real slapd, and a browser to visit it with.
#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop
#![allow(dead_code)] // each test binary uses its own part of this

use std::{
    fs,
    io::{BufRead, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::DeflateEncoder};
use homerealm::{
    http::{
        PageForm,
        client::{Client, Reply},
        tls::{LocalCa, client_config},
    },
    keys::create_signing_key,
};
use hyper::Uri;

use crate::slapd::{BASE, FEDERATED_SUFFIX, PARTNERS, PASSWORD, SERVICE_DN, Slapd};

pub(crate) const HOST: &str = "idp.localhost";
pub(crate) const ISSUER: &str = "https://idp.contoso.test/partners";
pub(crate) const SP: &str = "https://sp.test/metadata";
pub(crate) const ACS: &str = "https://sp.test/acs";

/// What a server is like, beside the usual.
#[derive(Clone, Copy, Default)]
pub(crate) struct Options {
    /// LDAP with StartTLS instead of LDAPS.
    pub(crate) starttls: bool,
    /// Lines before all tables.
    pub(crate) top: &'static str,
    /// Lines for the listener's table.
    pub(crate) listen: &'static str,
    /// Lines for the relying party's table.
    pub(crate) relying_party: &'static str,
    /// Lines for the directory's table.
    pub(crate) directory: &'static str,
    /// Lines for the guard's table.
    pub(crate) guard: &'static str,
    /// Tables of their own.
    pub(crate) tables: &'static str,
    /// The port that it listens on, where that must be known before.
    pub(crate) port: Option<u16>,
    /// How many descriptors it may have (`ulimit -n`).
    pub(crate) open_files: Option<u32>,
}

/// A running server.
pub(crate) struct Provider {
    child: Child,
    pub(crate) folder: tempfile::TempDir,
    address: SocketAddr,
    pub(crate) operations: SocketAddr,
    ca: LocalCa,
    log: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    /// In front of this server.
    pub(crate) fn start(slapd: &Slapd, options: Options) -> Self {
        let (server, starttls) = if options.starttls {
            (slapd.ldap_url(), "starttls = true")
        } else {
            (slapd.ldaps_url(), "")
        };
        let deadline = if options.directory.contains("deadline_seconds") {
            ""
        } else {
            "deadline_seconds = 2"
        };
        let table = format!(
            r#"[directory]
servers = ["{server}"]
{starttls}
ca = "directory-ca.pem"
bind_dn = "{SERVICE_DN}"
bind_password = {{ file = "directory-password" }}
base = "{BASE}"
scope = ["{PARTNERS}"]
{deadline}
{directory}
"#,
            directory = options.directory,
        );
        let ca = fs::read_to_string(slapd.ca_file()).expect("the directory's CA");
        Self::start_before(&table, &ca, options)
    }

    /// In front of the directory of these tables, which may name `directory-ca.pem` and
    /// `directory-password`.
    pub(crate) fn start_before(tables: &str, directory_ca: &str, options: Options) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [mut address, operations] = free_addresses();
        if let Some(port) = options.port {
            address.set_port(port);
        }
        let ca = LocalCa::new().expect("a CA");
        let tls = ca.issue(&[HOST]).expect("a certificate");
        let path = folder.path();
        fs::write(path.join("tls.crt"), &tls.chain_pem).expect("tls.crt");
        write_private(&path.join("tls.key"), &tls.key_pem);
        write_private(&path.join("directory-password"), PASSWORD);
        write_private(
            &path.join("pairwise-salt"),
            "0123456789abcdef0123456789abcdef",
        );
        fs::write(path.join("directory-ca.pem"), directory_ca).expect("the directory's CA");
        let made = homerealm()
            .args(["keys", "new", "--folder"])
            .arg(path)
            .output();
        assert!(made.expect("homerealm runs").status.success(), "no keys");
        let sp = create_signing_key("sp.test", 30).expect("a key");
        write_private(&path.join("sp.key"), &sp.private_key_pem);
        fs::write(path.join("sp.crt"), sp.signer.certificate().to_pem()).expect("sp.crt");
        let configuration = format!(
            r#"
base_url = "https://{HOST}:{port}"
support_contact = "help@contoso.test"
{top}
[listen]
address = "{address}"
tls_certificate = "tls.crt"
tls_key = "tls.key"
{listen}
[operations]
address = "{operations}"
[guard]
{guard}
{more}
[signing]
key = "signing.key"
certificate = "signing.crt"
[[federated_domain]]
suffix = "{FEDERATED_SUFFIX}"
issuer = "{ISSUER}"
[[relying_party]]
entity_id = "{SP}"
{preset}
display_name = "The partner portal"
assertion_consumer_services = ["{ACS}", "https://sp.test/second"]
{relying_party}
{tables}"#,
            port = address.port(),
            top = options.top,
            listen = options.listen,
            guard = options.guard,
            preset = match options.relying_party.split("[[relying_party]]").next() {
                Some(own) if own.contains("preset = ") => "",
                _ => "preset = \"entra\"",
            },
            more = options.tables,
            relying_party = options.relying_party,
        );
        fs::write(path.join("homerealm.toml"), configuration).expect("homerealm.toml");
        let mut serving = match options.open_files {
            Some(open_files) => within(open_files),
            None => homerealm(),
        };
        let mut child = serving
            .args(["serve", "--config"])
            .arg(path.join("homerealm.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("homerealm starts");
        let stderr = child.stderr.take().expect("its log");
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = log.clone();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().expect("the log").push(line);
            }
        });
        let provider = Self {
            child,
            folder,
            address,
            operations,
            ca,
            log,
        };
        provider.wait_for("it serves", |line| line.contains("serving"));
        provider
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.folder.path().join("homerealm.toml")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn url(&self, path: &str) -> Uri {
        format!("https://{HOST}:{}{path}", self.address.port())
            .parse()
            .expect("a URL")
    }

    /// A browser with no cookies.
    pub(crate) fn browser(&self) -> Client {
        Client::new(self.tls()).with_address(HOST, self.address)
    }

    /// A browser with no cookies that trusts this CA, too.
    pub(crate) fn browser_trusting(&self, ca_pem: &str) -> Client {
        let tls = client_config(&[self.ca.ca_pem().as_bytes(), ca_pem.as_bytes()]);
        Client::new(tls.expect("TLS settings")).with_address(HOST, self.address)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CA of its certificate, PEM.
    pub(crate) fn ca_pem(&self) -> &str {
        self.ca.ca_pem()
    }

    /// What trusts its certificate.
    pub(crate) fn tls(&self) -> Arc<rustls::ClientConfig> {
        client_config(&[self.ca.ca_pem().as_bytes()]).expect("TLS settings")
    }

    /// The memory it holds, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        status
            .expect("it lives")
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .expect("VmRSS")
    }

    /// Everything logged so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().expect("the log").clone()
    }

    /// The audit lines with this event, once there are as many as this. The log arrives by a pipe,
    /// a moment after the answer.
    pub(crate) fn audit(&self, event: &str, count: usize) -> Vec<serde_json::Value> {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let lines = self.audit_now(event);
            if lines.len() >= count {
                return lines;
            }
            let log = self.log().join("\n");
            assert!(
                Instant::now() < deadline,
                "{} of {count} lines of {event}\n{log}",
                lines.len()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn audit_now(&self, event: &str) -> Vec<serde_json::Value> {
        self.log()
            .iter()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|line| line["event"] == event)
            .collect()
    }

    /// Waits until a line of the log fits.
    pub(crate) fn wait_for(&self, what: &str, fits: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if self.log().iter().any(|line| fits(line)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("waited in vain: {what}\n{}", self.log().join("\n"));
    }

    /// Asks it to stop, and returns its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("-TERM");
        self.child.wait().expect("it ends").code()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// Whether the process is still there.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request as Entra would write it, with whatever is put in.
pub(crate) struct Asked {
    pub(crate) id: String,
    pub(crate) attributes: String,
    pub(crate) children: String,
    pub(crate) issuer: &'static str,
}

impl Asked {
    pub(crate) fn new() -> Self {
        Self {
            id: homerealm::saml2::new_id().expect("random bytes"),
            attributes: String::new(),
            children: String::new(),
            issuer: SP,
        }
    }

    pub(crate) fn with(attributes: &str) -> Self {
        Self {
            attributes: attributes.to_owned(),
            ..Self::new()
        }
    }

    pub(crate) fn to_xml(&self) -> String {
        let now = homerealm::saml2::format_timestamp(time::OffsetDateTime::now_utc());
        format!(
            r#"<samlp:AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="{}" IssueInstant="{now}" Version="2.0" {}><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">{}</Issuer>{}</samlp:AuthnRequest>"#,
            self.id, self.attributes, self.issuer, self.children
        )
    }

    /// Path and query for HTTP-Redirect.
    pub(crate) fn to_redirect(&self) -> String {
        format!(
            "/saml2/sso?SAMLRequest={}&RelayState=r%2Bs%3D",
            redirect_parameter(&self.to_xml())
        )
    }

    /// The form for HTTP-POST.
    pub(crate) fn to_post(&self) -> Vec<(String, String)> {
        vec![
            ("SAMLRequest".to_owned(), STANDARD.encode(self.to_xml())),
            ("RelayState".to_owned(), "r+s=".to_owned()),
        ]
    }
}

/// Deflated, base64 and percent-encoded.
pub(crate) fn redirect_parameter(message: &str) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(message.as_bytes()).expect("memory");
    let base64 = STANDARD.encode(encoder.finish().expect("memory"));
    form_urlencoded::byte_serialize(base64.as_bytes()).collect()
}

/// Fills the sign-in page in and sends it.
pub(crate) async fn type_password(
    browser: &mut Client,
    page: &Reply,
    name: &str,
    password: &str,
) -> Reply {
    let text = page.text();
    let mut form = PageForm::find(&text, Some("sign-in")).unwrap_or_else(|_| panic!("{text}"));
    form.fill("name", name).expect("a field");
    form.fill("password", password).expect("a field");
    let url = page.resolve(&form.action).expect("a URL");
    browser
        .post_form(&url, &form.fields, Some(page))
        .await
        .expect("an answer")
}

/// An answer on its way to the relying party.
pub(crate) struct Posted {
    pub(crate) action: String,
    pub(crate) base64: String,
    pub(crate) document: String,
    pub(crate) relay_state: Option<String>,
}

/// Reads the page that posts itself.
pub(crate) fn posted(page: &Reply) -> Posted {
    let text = page.text();
    let form = PageForm::find(&text, Some("post")).unwrap_or_else(|_| panic!("{text}"));
    let base64 = form
        .field("SAMLResponse")
        .expect("a SAMLResponse")
        .to_owned();
    let document = STANDARD.decode(&base64).expect("base64");
    Posted {
        action: form.action.clone(),
        document: String::from_utf8(document).expect("UTF-8"),
        relay_state: form.field("RelayState").map(str::to_owned),
        base64,
    }
}

pub(crate) fn is_sign_in_page(page: &Reply) -> bool {
    PageForm::find(&page.text(), Some("sign-in")).is_ok()
}

pub(crate) fn homerealm() -> Command {
    Command::new(env!("CARGO_BIN_EXE_homerealm"))
}

/// The program with so many descriptors.
fn within(open_files: u32) -> Command {
    let mut shell = Command::new("sh");
    let run = format!("ulimit -n {open_files} && exec \"$0\" \"$@\"");
    shell.args(["-c", &run, env!("CARGO_BIN_EXE_homerealm")]);
    shell
}

fn free_addresses() -> [SocketAddr; 2] {
    // Both held at once, so that they differ.
    let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("its address"))
}

fn write_private(path: &Path, text: &str) {
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .expect("a file");
    file.write_all(text.as_bytes()).expect("written");
}
