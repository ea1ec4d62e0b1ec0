//! A throw-away OpenLDAP server for the integration tests: real slapd, AD-like schema, its own
//! CA, free ports on loopback. It ends with the test process, however that ends.

// Each test binary uses its own part of this.
#![allow(dead_code, unused_imports)]

mod contents;

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, pki_types::pem::PemObject};

pub(crate) use contents::{
    BASE, FEDERATED_SUFFIX, GROUPS, Numbered, PARTNERS, PASSWORD, SERVICE_DN, STAFF,
};
use contents::{SCHEMA, configuration, ldif};

/// What a server is like.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // each a switch of its own
pub(crate) struct Options {
    /// How many numbered partners there are, besides the special ones.
    pub(crate) accounts: u32,
    /// After how many idle seconds the server closes a connection; 0 for never.
    pub(crate) idle_timeout: u32,
    /// Whether the server has a certificate.
    pub(crate) tls: bool,
    /// Whether who shows a certificate (`client.pem`) may bind by it (SASL EXTERNAL).
    pub(crate) client_certificates: bool,
    /// Whether there is a password policy, and accounts that it keeps out.
    pub(crate) policy: bool,
    /// Whether there are accounts that a sync to Entra cannot do right by.
    pub(crate) conflicts: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            accounts: 20,
            idle_timeout: 0,
            tls: true,
            client_certificates: false,
            policy: false,
            conflicts: false,
        }
    }
}

/// A running (or stopped) server.
pub(crate) struct Slapd {
    folder: PathBuf,
    options: Options,
    ldap_port: u16,
    ldaps_port: u16,
    running: Option<Running>,
}

/// A shell that holds the server, and kills it when its own input ends: with this process, or
/// when told to.
struct Running {
    shell: Child,
    pid: u32,
}

impl Slapd {
    /// Loads the accounts and starts a server.
    pub(crate) fn start_new(options: Options) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("homerealm-slapd-")
            .tempdir();
        let folder = folder.expect("a temporary folder").keep();
        fs::create_dir(folder.join("db")).expect("a folder for the database");
        make_certificates(&folder);
        let hash = run(program("slappasswd").args(["-h", "{SSHA}", "-s", PASSWORD]));
        fs::write(folder.join("schema"), SCHEMA).expect("the schema");
        fs::write(folder.join("slapd.conf"), configuration(&folder, options)).expect("slapd.conf");
        fs::write(folder.join("all.ldif"), ldif(options, &hash)).expect("the LDIF");
        run(program("slapadd")
            .args(["-q", "-f"])
            .arg(folder.join("slapd.conf"))
            .arg("-l")
            .arg(folder.join("all.ldif")));

        let mut server = Self {
            folder,
            options,
            ldap_port: 0,
            ldaps_port: 0,
            running: None,
        };
        // Between choosing ports and taking them, somebody else may have taken them.
        for _ in 0..5 {
            [server.ldap_port, server.ldaps_port] = free_ports();
            if server.try_start() {
                return server;
            }
        }
        panic!(
            "slapd does not start; see {}",
            server.folder.join("slapd.log").display()
        );
    }

    /// Starts it again on the same ports, after [`Self::stop`] or [`Self::kill`].
    pub(crate) fn start(&mut self) {
        assert!(self.running.is_none(), "slapd runs already");
        assert!(self.try_start(), "slapd does not start again");
    }

    /// Ends it in order.
    pub(crate) fn stop(&mut self) {
        self.end("-TERM");
    }

    /// Changes what it holds, in LDIF; the server is stopped meanwhile.
    pub(crate) fn change(&mut self, ldif: &str) {
        self.stop();
        let file = self.folder.join("change.ldif");
        fs::write(&file, ldif).expect("a file");
        let mut slapmodify = program("slapmodify");
        slapmodify.arg("-f").arg(self.folder.join("slapd.conf"));
        run(slapmodify.arg("-l").arg(&file));
        self.start();
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.end("-KILL");
    }

    /// Has it hang: the kernel still accepts connections for it, but nothing is answered.
    pub(crate) fn sigstop(&self) {
        self.signal("-STOP");
        // Each thread stops when it is next scheduled, and one of them might answer until then.
        let deadline = Instant::now() + Duration::from_secs(5);
        while !self.has_stopped() {
            assert!(Instant::now() < deadline, "slapd does not stop");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether all of its threads are stopped (proc(5): the state behind the command is `T`).
    fn has_stopped(&self) -> bool {
        let pid = self.running.as_ref().expect("slapd runs").pid;
        let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("slapd's threads");
        threads
            .map(|thread| fs::read_to_string(thread.expect("a thread").path().join("stat")))
            .all(|stat| {
                let stat = stat.expect("a thread's state");
                let state = stat
                    .rsplit_once(") ")
                    .expect("a state behind the command")
                    .1;
                state.starts_with('T')
            })
    }

    /// Has it go on after [`Self::sigstop`].
    pub(crate) fn sigcont(&self) {
        self.signal("-CONT");
    }

    pub(crate) fn ldap_url(&self) -> String {
        format!("ldap://localhost:{}", self.ldap_port)
    }

    pub(crate) fn ldaps_url(&self) -> String {
        format!("ldaps://localhost:{}", self.ldaps_port)
    }

    /// The file with the CA's certificate. The server's own is for `localhost`, not 127.0.0.1.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// One of the files in its folder.
    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.join(name)).expect("a file")
    }

    /// A TLS configuration that trusts this server's CA and no other.
    pub(crate) fn client_tls(&self) -> Arc<ClientConfig> {
        let ca = rustls::pki_types::CertificateDer::from_pem_file(self.ca_file());
        let mut roots = RootCertStore::empty();
        roots
            .add(ca.expect("the CA's certificate"))
            .expect("a usable CA");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }

    fn try_start(&mut self) -> bool {
        const SCRIPT: &str = r#"folder=$1; shift
"$@" >>"$folder/slapd.log" 2>&1 &
pid=$!; echo $pid
if ! read -r _; then gone=yes; fi
kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null
[ -z "$gone" ] || rm -rf "$folder""#;
        let mut listeners = format!("ldap://127.0.0.1:{}", self.ldap_port);
        if self.options.tls {
            write!(listeners, " ldaps://127.0.0.1:{}", self.ldaps_port).expect("a string");
        }
        let slapd = program("slapd");
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(&self.folder)
            .arg(slapd.get_program())
            .arg("-f")
            .arg(self.folder.join("slapd.conf"))
            .args(["-h", &listeners, "-d", "0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        BufReader::new(shell.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("a pid");
        let running = Running {
            shell,
            pid: line.trim().parse().expect("a pid"),
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline && is_alive(running.pid) {
            if TcpStream::connect(("127.0.0.1", self.ldap_port)).is_ok() {
                self.running = Some(running);
                return true;
            }
            sleep(Duration::from_millis(10));
        }
        release(running, true);
        false
    }

    fn end(&mut self, signal: &str) {
        self.signal(signal);
        let running = self.running.take().expect("slapd runs");
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline && is_alive(running.pid) {
            sleep(Duration::from_millis(5));
        }
        release(running, true);
    }

    fn signal(&self, signal: &str) {
        let pid = self.running.as_ref().expect("slapd runs").pid;
        run(Command::new("kill").args([signal, &pid.to_string()]));
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        match self.running.take() {
            Some(running) => release(running, false),
            None => drop(fs::remove_dir_all(&self.folder)),
        }
    }
}

/// Ends the shell, which ends what is left of the server; the folder goes too unless kept.
fn release(mut running: Running, keep_folder: bool) {
    let mut input = running.shell.stdin.take().expect("its input");
    if keep_folder {
        // The shell can be gone only if it was killed from outside; then so is the server.
        let _ = input.write_all(b"\n");
    }
    drop(input);
    running.shell.wait().expect("the shell ends");
}

/// Whether the process is there and is more than a zombie.
fn is_alive(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let state = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

fn program(name: &str) -> Command {
    let path = [
        "/usr/sbin",
        "/sbin",
        "/usr/local/sbin",
        "/usr/local/libexec",
    ]
    .map(|folder| Path::new(folder).join(name))
    .into_iter()
    .find(|path| path.exists())
    .unwrap_or_else(|| panic!("{name} is not installed: apt-get install slapd"));
    Command::new(path)
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("a program that starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?} failed: {out}{err}");
    out.trim().to_owned()
}

fn free_ports() -> [u16; 2] {
    // Both held at once, so that they differ.
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("its address").port())
}

fn make_certificates(folder: &Path) {
    let ca_key = KeyPair::generate().expect("a key");
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name
        .push(DnType::CommonName, "Throw-away test CA");
    let ca_certificate = ca.self_signed(&ca_key).expect("a CA");
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = KeyPair::generate().expect("a key");
    let mut leaf = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = leaf.signed_by(&key, &issuer).expect("a certificate");
    // Known to the directory as the service account (`authz-regexp`).
    let client_key = KeyPair::generate().expect("a key");
    let mut client = CertificateParams::default();
    client.distinguished_name = rcgen::DistinguishedName::new();
    client
        .distinguished_name
        .push(DnType::CommonName, "svc-homerealm");
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = client
        .signed_by(&client_key, &issuer)
        .expect("a certificate");
    for (file, label, der) in [
        ("client.pem", "CERTIFICATE", client.der().to_vec()),
        ("client-key.pem", "PRIVATE KEY", client_key.serialize_der()),
        ("ca.pem", "CERTIFICATE", ca_certificate.der().to_vec()),
        ("cert.pem", "CERTIFICATE", certificate.der().to_vec()),
        ("key.pem", "PRIVATE KEY", key.serialize_der()),
    ] {
        fs::write(folder.join(file), pem(label, &der)).expect(file);
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text: Vec<char> = STANDARD.encode(der).chars().collect();
    let lines: Vec<String> = text.chunks(64).map(|line| line.iter().collect()).collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
