//! A throw-away Shibboleth SP: a shibd and an Apache of its own on a free loopback port, with
//! configuration, socket, keys and logs in a temporary folder. No service of the system is touched.
//! Both end with the test process, however that ends.

#![allow(dead_code)] // each test binary uses its own part of this

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use homerealm::{
    http::{
        client::{Client, Reply},
        tls::{LocalCa, client_config},
    },
    keys::create_signing_key,
};
use hyper::Uri;

use crate::strangers::tool;

const HOST: &str = "portal.fabrikam.test";

/// What its administrator chose.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// The attributes of `ApplicationDefaults`, beside the entity ID.
    pub(crate) application: &'a str,
    /// The attributes of `Logout`.
    pub(crate) logout: &'a str,
    /// attribute-map.xml.
    pub(crate) attribute_map: &'a str,
}

/// Signed requests, each NameID as `REMOTE_USER`, and otherwise as it comes.
pub(crate) const USUAL: Settings<'static> = Settings {
    application: r#"signing="true" REMOTE_USER="persistent-id email-id transient-id""#,
    logout: "",
    attribute_map: include_str!("attribute-map.xml"),
};
const MODULES: &str = "/usr/lib/apache2/modules";

/// A running service provider.
pub(crate) struct Shibboleth {
    folder: PathBuf,
    port: u16,
    ca_pem: String,
    shell: Child,
}

impl Shibboleth {
    /// Starts one that sends people to the identity provider of this entity ID. It knows nothing
    /// of that one until [`Self::trust`] says it.
    pub(crate) fn start(issuer: &str, settings: Settings<'_>) -> Self {
        // Between choosing a port and taking it, somebody else may have taken it.
        let mut told = String::new();
        for _ in 0..3 {
            match Self::try_start(issuer, settings) {
                Ok(started) => return started,
                Err(log) => told = log,
            }
        }
        panic!("the Shibboleth SP does not start: {told}");
    }

    fn try_start(issuer: &str, settings: Settings<'_>) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("homerealm-sp-").tempdir();
        let folder = folder.expect("a temporary folder").keep();
        // Apache's worker is another user, who must reach the pages and shibd's socket.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("its mode");
        let port = free_port();
        let ca_pem = make_keys(&folder);
        write_files(&folder, port, issuer, settings);
        let mut started = Self {
            shell: launch(&folder),
            folder,
            port,
            ca_pem,
        };
        if started.is_up() {
            Ok(started)
        } else {
            Err(started.log())
        }
    }

    pub(crate) fn entity_id(&self) -> String {
        format!("{}/shibboleth", origin(self.port))
    }

    /// Where it takes Responses.
    pub(crate) fn consumer(&self) -> String {
        format!("{}/Shibboleth.sso/SAML2/POST", origin(self.port))
    }

    pub(crate) fn url(&self, path: &str) -> Uri {
        format!("{}{path}", origin(self.port))
            .parse()
            .expect("a URL")
    }

    /// The page that asks for a session, and shows what it learned.
    pub(crate) fn page(&self) -> Uri {
        self.url("/secure/index.shtml")
    }

    /// The address that begins a sign-in anew, with further options of Shibboleth's Login handler.
    pub(crate) fn login(&self, options: &str) -> Uri {
        let target: String =
            form_urlencoded::byte_serialize(self.page().to_string().as_bytes()).collect();
        self.url(&format!("/Shibboleth.sso/Login?target={target}{options}"))
    }

    /// The PEM of what signs its certificate for TLS.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Tells a browser where it lives.
    pub(crate) fn found_by(&self, browser: Client) -> Client {
        browser.with_address(HOST, SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)))
    }

    /// One of the files in its folder: `sp.crt` is the certificate that it signs requests with.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Its metadata, as its own generator writes it.
    pub(crate) async fn metadata(&self) -> String {
        let tls = client_config(&[self.ca_pem.as_bytes()]).expect("TLS settings");
        let mut browser = self.found_by(Client::new(tls));
        let url = self.url("/Shibboleth.sso/Metadata");
        let reply = browser.get(&url, None).await.expect("its metadata");
        assert_eq!(reply.status, 200, "{}", self.log());
        reply.text()
    }

    /// Gives it an identity provider's metadata, before anybody signs in.
    pub(crate) fn trust(&self, issuer: &str, metadata: &str) {
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, issuer.as_bytes());
        let mut name = String::new();
        for octet in digest.as_ref() {
            write!(name, "{octet:02x}").expect("a string");
        }
        let file = self.folder.join("providers").join(name + ".xml");
        fs::write(file, metadata).expect("the metadata");
    }

    /// What both processes have logged.
    pub(crate) fn log(&self) -> String {
        log(&self.folder)
    }

    fn is_up(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline && matches!(self.shell.try_wait(), Ok(None)) {
            // Nobody knocks at its socket: a peer that goes away at once corrupts shibd's memory.
            let shibd = fs::read_to_string(self.file("shibd.log")).expect("its log");
            let apache = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
            if shibd.contains("listener service starting") && apache.is_ok() {
                return true;
            }
            sleep(Duration::from_millis(20));
        }
        false
    }

    /// Ends the shell, which ends both.
    fn end(&mut self) {
        drop(self.shell.stdin.take());
        // A shell that is gone was killed from outside.
        let _ = self.shell.wait();
    }
}

impl Drop for Shibboleth {
    fn drop(&mut self) {
        self.end();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What the page of [`Shibboleth::page`] shows: the variables that Apache hands to an application.
pub(crate) fn seen(page: &Reply) -> BTreeMap<String, String> {
    let text = page.text();
    let (_, after) = text
        .split_once("<pre id=\"seen\">")
        .unwrap_or_else(|| panic!("not signed in at the service provider: {text}"));
    let (variables, _) = after.split_once("</pre>").expect("the end of the list");
    variables
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), unescaped(value)))
        .collect()
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

fn origin(port: u16) -> String {
    format!("https://{HOST}:{port}")
}

/// Keys and certificates for TLS, for signing and for encryption; returns the CA of the first.
fn make_keys(folder: &Path) -> String {
    let ca = LocalCa::new().expect("a CA");
    let tls = ca.issue(&[HOST]).expect("a certificate");
    fs::write(folder.join("tls.crt"), &tls.chain_pem).expect("a certificate");
    write_private(&folder.join("tls.key"), &tls.key_pem);
    for name in ["sp", "sp-encryption"] {
        let key = create_signing_key(HOST, 30).expect("a key");
        write_private(&folder.join(format!("{name}.key")), &key.private_key_pem);
        let certificate = key.signer.certificate().to_pem();
        fs::write(folder.join(format!("{name}.crt")), certificate).expect("a certificate");
    }
    ca.ca_pem().to_owned()
}

fn write_files(folder: &Path, port: u16, issuer: &str, settings: Settings<'_>) {
    for inside in ["providers", "www/secure"] {
        fs::create_dir_all(folder.join(inside)).expect("a folder");
    }
    for log in ["shibd.log", "apache-shib.log"] {
        fs::write(folder.join(log), "").expect("a log");
        // Apache's worker writes one of them.
        let anybody = fs::Permissions::from_mode(0o666);
        fs::set_permissions(folder.join(log), anybody).expect("its mode");
    }
    let logger = include_str!("logger");
    for (name, template) in [
        ("shibboleth2.xml", include_str!("shibboleth2.xml")),
        ("attribute-map.xml", settings.attribute_map),
        ("apache2.conf", include_str!("apache2.conf")),
        ("logger", &logger.replace("@log@", "shibd.log")),
        (
            "logger-of-apache",
            &logger.replace("@log@", "apache-shib.log"),
        ),
        (
            "www/secure/index.shtml",
            "<pre id=\"seen\"><!--#printenv --></pre>",
        ),
    ] {
        let text = template
            .replace("@folder@", folder.to_str().expect("UTF-8"))
            .replace("@origin@", &origin(port))
            .replace("@port@", &port.to_string())
            .replace("@modules@", MODULES)
            .replace("@application@", settings.application)
            .replace("@logout@", settings.logout)
            .replace("@issuer@", issuer);
        fs::write(folder.join(name), text).expect("a file");
    }
}

/// A shell that holds both, and kills them when its own input ends: with this process, or when told
/// to. `-X` keeps Apache in one process, so that nothing of it can be left behind.
fn launch(folder: &Path) -> Child {
    const SCRIPT: &str = r#"folder=$1 shibd=$2 apache2=$3
"$shibd" -F -f -c "$folder/shibboleth2.xml" -p "$folder/shibd.pid" >"$folder/shibd.out" 2>&1 &
one=$!
"$apache2" -X -f "$folder/apache2.conf" >"$folder/apache2.out" 2>&1 &
other=$!
echo started
read -r _
kill -KILL $one $other 2>/dev/null; wait
rm -rf "$folder""#;
    assert!(
        Path::new(MODULES).join("mod_shib.so").is_file(),
        "mod_shib is not installed: apt-get install libapache2-mod-shib"
    );
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT, "sh"])
        .arg(folder)
        .args([tool("shibd"), tool("apache2")])
        .env("SHIBSP_RUNDIR", folder)
        .env("SHIBSP_LOGDIR", folder)
        .env("SHIBSP_CACHEDIR", folder)
        .env("SHIBSP_LOGGING", folder.join("logger"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut line = String::new();
    BufReader::new(shell.stdout.take().expect("its output"))
        .read_line(&mut line)
        .expect("a line");
    shell
}

fn log(folder: &Path) -> String {
    [
        "shibd.out",
        "shibd.log",
        "apache2.out",
        "apache2.log",
        "apache-shib.log",
    ]
    .map(|name| {
        let text = fs::read(folder.join(name)).unwrap_or_default();
        format!("== {name}\n{}", String::from_utf8_lossy(&text))
    })
    .join("\n")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}

fn write_private(path: &Path, text: &str) {
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    std::io::Write::write_all(&mut file.expect("a file"), text.as_bytes()).expect("written");
}
