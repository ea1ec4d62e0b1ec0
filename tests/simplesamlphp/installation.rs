//! A throw-away SimpleSAMLphp as an identity provider: Debian's, within an Apache of its own on a free
//! loopback port, with configuration, keys, sessions and logs in a temporary folder. No service of the
//! system is touched. It is configured by the blocks of `docs/src/simplesamlphp.md`, and ends with the
//! test process, however that ends.

use std::{
    env::consts::ARCH,
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use homerealm::{http::tls::LocalCa, keys::create_signing_key};

use crate::{
    slapd::{PARTNERS, PASSWORD, SERVICE_DN, Slapd},
    strangers::tool,
};

pub(crate) const HOST: &str = "login.contoso.test";
const ISSUER: &str = "https://login.contoso.test/partners";
const MODULES: &str = "/usr/lib/apache2/modules";
/// The page of the documentation that is held to what happens here.
pub(crate) const PAGE: &str = include_str!("../../docs/src/simplesamlphp.md");

/// The file in the folder of the configuration, and the line before its block on the page.
const FILES: [(&str, &str); 4] = [
    ("config.php", "At the end of `config.php`"),
    ("authsources.php", "In `authsources.php`"),
    (
        "metadata/saml20-idp-hosted.php",
        "In `metadata/saml20-idp-hosted.php`",
    ),
    (
        "metadata/saml20-sp-remote.php",
        "In `metadata/saml20-sp-remote.php`",
    ),
];

/// What an administrator has written otherwise than the page says: this text, in place of that one.
#[derive(Clone, Copy)]
pub(crate) struct Slip {
    pub(crate) page: &'static str,
    pub(crate) written: &'static str,
}

/// A running identity provider.
pub(crate) struct SimpleSamlPhp {
    folder: PathBuf,
    port: u16,
    ca_pem: String,
    certificate: String,
    replaced: Vec<(String, String)>,
    shell: Child,
}

impl SimpleSamlPhp {
    /// In front of this server, for the Entra whose assertion consumer service this is.
    pub(crate) fn start(slapd: &Slapd, consumer: &str) -> Self {
        Self::start_at(slapd, consumer, None)
    }

    /// The same with a wrong clock: so much ahead or behind, as libfaketime has it ("-1d").
    pub(crate) fn start_at(slapd: &Slapd, consumer: &str, clock: Option<&str>) -> Self {
        // Between choosing a port and taking it, somebody else may have taken it.
        let mut told = String::new();
        for _ in 0..3 {
            match Self::try_start(slapd, consumer, clock) {
                Ok(started) => return started,
                Err(log) => told = log,
            }
        }
        panic!("SimpleSAMLphp does not start: {told}");
    }

    fn try_start(slapd: &Slapd, consumer: &str, clock: Option<&str>) -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix("homerealm-idp-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        // Apache's worker is another user, who must read all of it and write its data.
        for (inside, mode) in [
            ("", 0o755),
            ("config/metadata", 0o755),
            ("www", 0o755),
            ("data", 0o777),
        ] {
            fs::create_dir_all(folder.join(inside)).expect("a folder");
            fs::set_permissions(folder.join(inside), fs::Permissions::from_mode(mode))
                .expect("its mode");
        }
        let port = free_port();
        let ca = LocalCa::new().expect("a CA");
        let tls = ca.issue(&[HOST]).expect("a certificate");
        fs::write(folder.join("tls.crt"), &tls.chain_pem).expect("a certificate");
        fs::write(folder.join("tls.key"), &tls.key_pem).expect("a key");
        let apache = include_str!("apache2.conf")
            .replace("@folder@", folder.to_str().expect("UTF-8"))
            .replace("@origin@", &format!("https://{HOST}:{port}"))
            .replace("@port@", &port.to_string())
            .replace("@modules@", MODULES)
            .replace("@php@", php_module().to_str().expect("UTF-8"));
        fs::write(folder.join("apache2.conf"), apache).expect("apache2.conf");
        let replaced = [
            ("ldaps://dc1.contoso.com", slapd.ldaps_url().as_str()),
            ("ou=Partners,dc=contoso,dc=com", PARTNERS),
            ("cn=svc-simplesaml,dc=contoso,dc=com", SERVICE_DN),
            ("'secret'", &format!("'{PASSWORD}'")),
            ("https://login.contoso.com/partners", ISSUER),
            (
                "https://login.contoso.com/simplesamlphp/",
                &format!("https://{HOST}:{port}/simplesamlphp/"),
            ),
            (
                "/etc/simplesamlphp/cert/",
                folder.join("config/").to_str().expect("UTF-8"),
            ),
            ("https://login.microsoftonline.com/login.srf", consumer),
        ]
        .map(|(from, to)| (from.to_owned(), to.to_owned()))
        .to_vec();
        let mut started = Self {
            certificate: write_signing_key(&folder.join("config"), "signing"),
            replaced,
            port,
            ca_pem: ca.ca_pem().to_owned(),
            shell: launch(&folder, clock),
            folder,
        };
        write_signing_key(&started.folder.join("config"), "new");
        started.configure(None);
        if started.is_up() {
            Ok(started)
        } else {
            Err(started.log())
        }
    }

    /// Writes the configuration anew: as the page has it, but for this slip.
    pub(crate) fn configure(&self, slip: Option<Slip>) {
        let mut slipped = false;
        for (file, before) in FILES {
            let mut text = block(before).to_owned();
            if let Some(slip) = slip {
                slipped |= text.contains(slip.page);
                text = text.replace(slip.page, slip.written);
            }
            text = self.here(&text);
            text = if file == "config.php" {
                include_str!("config.php")
                    .replace("@folder@", self.folder.to_str().expect("UTF-8"))
                    .replace("@page@", &text)
            } else {
                format!("<?php\n{text}")
            };
            fs::write(self.folder.join("config").join(file), text).expect("a file");
        }
        if let Some(slip) = slip {
            assert!(slipped, "no block of the page has {}", slip.page);
        }
    }

    /// A text of the page, with the addresses and names of here for those of the page.
    pub(crate) fn here(&self, text: &str) -> String {
        let replaced = self.replaced.iter();
        replaced.fold(text.to_owned(), |text, (page, here)| {
            text.replace(page, here)
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The PEM of what signs its certificate for TLS.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The certificate that it signs assertions with, as base64 of DER.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// What Apache and SimpleSAMLphp have logged.
    pub(crate) fn log(&self) -> String {
        ["apache2.out", "apache2.log", "data/simplesamlphp.log"]
            .map(|name| {
                let text = fs::read(self.folder.join(name)).unwrap_or_default();
                format!("== {name}\n{}", String::from_utf8_lossy(&text))
            })
            .join("\n")
    }

    fn is_up(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline && matches!(self.shell.try_wait(), Ok(None)) {
            if TcpStream::connect(self.address()).is_ok() {
                return true;
            }
            sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for SimpleSamlPhp {
    fn drop(&mut self) {
        // Ends the shell, which ends Apache.
        drop(self.shell.stdin.take());
        // A shell that is gone was killed from outside.
        let _ = self.shell.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The block of PHP behind a line of the page.
fn block(before: &str) -> &'static str {
    let (_, after) = PAGE.split_once(before).expect("the line");
    let (_, after) = after.split_once("```php\n").expect("a block");
    let (block, _) = after.split_once("```").expect("its end");
    block
}

/// Returns the certificate as base64 of DER.
fn write_signing_key(folder: &Path, name: &str) -> String {
    let key = create_signing_key(HOST, 30).expect("a key");
    fs::write(folder.join(format!("{name}.key")), &key.private_key_pem).expect("a key");
    let certificate = key.signer.certificate();
    fs::write(folder.join(format!("{name}.crt")), certificate.to_pem()).expect("a certificate");
    certificate.base64().to_owned()
}

/// Apache's module of whichever PHP is installed.
fn php_module() -> PathBuf {
    let modules = fs::read_dir(MODULES).expect("apache2 is not installed");
    modules
        .map(|entry| entry.expect("an entry").path())
        .find(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| name.starts_with("libphp"))
        })
        .expect("PHP is not installed: apt-get install libapache2-mod-php php-ldap")
}

/// A shell that holds Apache, and kills it when its own input ends: with this process, or when told
/// to. `-X` keeps Apache in one process, so that nothing of it can be left behind.
fn launch(folder: &Path, clock: Option<&str>) -> Child {
    const SCRIPT: &str = r#"folder=$1; shift
"$@" -X -f "$folder/apache2.conf" >"$folder/apache2.out" 2>&1 &
pid=$!
echo started
read -r _
kill -KILL $pid 2>/dev/null; wait
rm -rf "$folder""#;
    assert!(
        Path::new("/usr/share/simplesamlphp").is_dir(),
        "SimpleSAMLphp is not installed: apt-get install simplesamlphp"
    );
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "sh"]).arg(folder);
    if let Some(clock) = clock {
        let library = format!("/usr/lib/{ARCH}-linux-gnu/faketime/libfaketime.so.1");
        assert!(
            Path::new(&library).is_file(),
            "libfaketime is not installed: apt-get install libfaketime"
        );
        command
            .arg("env")
            .args([format!("LD_PRELOAD={library}"), format!("FAKETIME={clock}")]);
    }
    let mut shell = command
        .arg(tool("apache2"))
        // For "localhost" libldap wants the machine's own name in the certificate.
        .env("LDAPTLS_REQCERT", "never")
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

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}
