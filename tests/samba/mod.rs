//! A throw-away Samba Active Directory domain controller for the integration tests: real Kerberos
//! realm, real account states, its own certificate, everything in a temporary folder. Samba's ports
//! are fixed, so each server has a loopback address of its own, and needs root. It ends with the
//! test process, however that ends.

// Each test binary uses its own part of this.
#![allow(dead_code)]

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use homerealm::http::tls::LocalCa;

pub(crate) const BASE: &str = "DC=corp,DC=contoso,DC=test";
/// The same as a DNS name. The domain controller is its DNS server.
pub(crate) const DOMAIN: &str = "corp.contoso.test";
/// The name of the domain controller.
pub(crate) const HOST: &str = "dc1.corp.contoso.test";
pub(crate) const PARTNERS: &str = "OU=Partners,DC=corp,DC=contoso,DC=test";
/// The service account: an ordinary user that may do nothing but read.
pub(crate) const SERVICE_UPN: &str = "svc-idp@corp.contoso.test";
/// The same by its DN.
pub(crate) const SERVICE_DN: &str = "CN=svc-idp,OU=Service,DC=corp,DC=contoso,DC=test";
/// The password of every account.
pub(crate) const PASSWORD: &str = "Part.ner-Pw0rd";
/// Wrong passwords within half an hour that lock an account.
pub(crate) const LOCKOUT_THRESHOLD: u32 = 5;

/// What `apt-get install` must have brought; `./test` does.
const NEEDED: [&str; 4] = [
    "/usr/sbin/samba",
    "/usr/bin/samba-tool",
    "/usr/share/samba/setup/provision.ldif",
    "/usr/lib/python3/dist-packages/samba/samdb.py",
];

/// A running domain controller.
pub(crate) struct Samba {
    folder: PathBuf,
    address: Ipv4Addr,
    shell: Child,
    ca_pem: String,
    object_guids: HashMap<String, String>,
}

impl Samba {
    /// Provisions a domain, makes its accounts (`seed.py`) and starts its domain controller.
    pub(crate) fn start() -> Self {
        Self::start_with("seed.py", &LOCKOUT_THRESHOLD.to_string())
    }

    /// The same with the accounts of another script beside `seed.py`, which is told one thing.
    pub(crate) fn start_with(script: &str, told: &str) -> Self {
        for file in NEEDED {
            assert!(
                Path::new(file).exists(),
                "{file} is missing: apt-get install samba samba-ad-dc samba-ad-provision winbind \
                 python3-samba python3-markdown"
            );
        }
        let folder = tempfile::Builder::new()
            .prefix("homerealm-samba-")
            .tempdir();
        let folder = folder.expect("a temporary folder").keep();
        let address = free_address();
        provision(&folder, address);
        let ca_pem = make_certificate(&folder, address);
        let object_guids = seed(&folder, script, told);
        let mut samba = Self {
            shell: run_until_our_end(&folder),
            folder,
            address,
            ca_pem,
            object_guids,
        };
        samba.wait();
        samba
    }

    pub(crate) fn ldaps_url(&self) -> String {
        format!("ldaps://{}", self.address)
    }

    pub(crate) fn ldap_url(&self) -> String {
        format!("ldap://{}", self.address)
    }

    /// Changes what the LDIF says, as the domain's administrator.
    pub(crate) fn change(&self, ldif: &str) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), ldif).expect("the LDIF");
        let ca = self.folder.join("domain/tls/ca.pem");
        run(Command::new("ldapmodify")
            .args(["-x", "-H", &self.ldaps_url()])
            .args(["-D", &format!("administrator@{DOMAIN}"), "-w", PASSWORD])
            .arg("-f")
            .arg(file.path())
            .env("LDAPTLS_CACERT", ca));
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The certificate of its CA, PEM.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The objectGUID of an account by its sAMAccountName, as the domain controller's own tools
    /// see it, in base64.
    pub(crate) fn object_guid(&self, account: &str) -> &str {
        self.object_guids
            .get(account)
            .expect("an account of seed.py")
    }

    /// The directory table of a configuration in front of it.
    pub(crate) fn table(&self, more: &str) -> String {
        format!(
            r#"[[directory]]
servers = ["{url}"]
ca = "directory-ca.pem"
bind_dn = "{SERVICE_UPN}"
bind_password = {{ file = "directory-password" }}
base = "{BASE}"
scope = ["{PARTNERS}"]
{more}
"#,
            url = self.ldaps_url(),
        )
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while [53, 636]
            .iter()
            .any(|&port| TcpStream::connect((self.address, port)).is_err())
        {
            let ended = self.shell.try_wait().expect("its state");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "samba does not start: {}",
                fs::read_to_string(self.folder.join("samba.out")).unwrap_or_default()
            );
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Samba {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // The shell has ended already only if it was killed from outside.
        let _ = self.shell.wait();
    }
}

/// A loopback address on which no other domain controller is.
fn free_address() -> Ipv4Addr {
    let start = std::process::id();
    (0..150)
        .map(|offset| {
            let last = u8::try_from(100 + (start + offset) % 150).expect("below 250");
            Ipv4Addr::new(127, 0, 0, last)
        })
        .find(|address| {
            [53, 88, 389, 636]
                .iter()
                .all(|&port| TcpListener::bind((*address, port)).is_ok())
        })
        .expect("a loopback address with free ports; binding port 389 needs root")
}

fn provision(folder: &Path, address: Ipv4Addr) {
    // Not Debian's own, which would be mixed in.
    let empty = folder.join("empty.conf");
    fs::write(&empty, "[global]\n").expect("a file");
    let domain = folder.join("domain");
    let at = |name: &str| format!("{}/{name}", domain.display());
    let mut command = python_tool("samba-tool");
    command
        .args([
            "domain",
            "provision",
            "--realm=CORP.CONTOSO.TEST",
            "--domain=CORP",
        ])
        .args([
            "--server-role=dc",
            "--host-name=dc1",
            "--dns-backend=SAMBA_INTERNAL",
            "--quiet",
        ])
        .args([
            "--backend-store=tdb",
            "--function-level=2008_R2",
            &format!("--adminpass={PASSWORD}"),
        ])
        .arg(format!("--configfile={}", empty.display()))
        .arg(format!("--targetdir={}", domain.display()))
        .arg(format!("--host-ip={address}"))
        .arg(format!("--option=interfaces={address}/8"))
        .arg("--option=bind interfaces only=yes")
        // Extended attributes in a file: not every file system has those of security.
        .arg(format!("--option=posix:eadb={}", at("eadb.tdb")));
    run(&mut command);

    let conf = domain.join("etc/smb.conf");
    let text = fs::read_to_string(&conf).expect("smb.conf");
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("server services"))
        .collect();
    let settings = [
        ("server services", "rpc, ldap, cldap, kdc, dns".to_owned()),
        ("interfaces", format!("{address}/8")),
        ("bind interfaces only", "yes".to_owned()),
        ("pid directory", at("run")),
        ("ncalrpc dir", at("ncalrpc")),
        ("winbindd socket directory", at("winbindd")),
        ("ntp signd socket directory", at("ntp")),
        ("log file", at("log.samba")),
        // Or the password before the last would go on for an hour, by simple bind, too.
        ("old password allowed period", "0".to_owned()),
        ("tls enabled", "yes".to_owned()),
        ("tls keyfile", at("tls/key.pem")),
        ("tls certfile", at("tls/cert.pem")),
        ("tls cafile", at("tls/ca.pem")),
        ("load printers", "no".to_owned()),
    ];
    let settings = settings
        .map(|(name, value)| {
            format!(
                "	{name} = {value}
"
            )
        })
        .concat();
    let text = kept
        .join("\n")
        .replacen("[global]", &format!("[global]\n{settings}"), 1);
    fs::write(&conf, text + "\n").expect("smb.conf");
    for (name, mode) in [
        ("run", 0o755),
        ("ncalrpc", 0o755),
        ("winbindd", 0o755),
        ("ntp", 0o750),
    ] {
        fs::create_dir_all(domain.join(name)).expect("a folder");
        fs::set_permissions(domain.join(name), fs::Permissions::from_mode(mode)).expect("a mode");
    }
}

fn make_certificate(folder: &Path, address: Ipv4Addr) -> String {
    let ca = LocalCa::new().expect("a CA");
    let address = address.to_string();
    // As domain controllers have it: their own name, and that of the domain.
    let names = [&address, HOST, DOMAIN];
    let issued = ca.issue(&names).expect("a certificate");
    let tls = folder.join("domain/tls");
    fs::create_dir_all(&tls).expect("a folder");
    fs::write(tls.join("ca.pem"), ca.ca_pem()).expect("ca.pem");
    fs::write(tls.join("cert.pem"), &issued.chain_pem).expect("cert.pem");
    let key = tls.join("key.pem");
    fs::write(&key, &*issued.key_pem).expect("key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
    ca.ca_pem().to_owned()
}

/// Makes the accounts in the database; returns each account's objectGUID.
fn seed(folder: &Path, script: &str, told: &str) -> HashMap<String, String> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samba");
    let script = scripts.join(script);
    let mut command = python_tool("/usr/bin/python3");
    command.arg(script).arg(folder.join("domain")).arg(PASSWORD);
    command.arg(told);
    let output = run(&mut command);
    let last = output.lines().last().expect("a line of JSON");
    serde_json::from_str(last).expect("a line of JSON")
}

/// A shell that holds the server, and kills it and removes the folder when its own input ends.
fn run_until_our_end(folder: &Path) -> Child {
    const SCRIPT: &str = r#"folder=$1
samba --foreground --no-process-group -M single --configfile="$folder/domain/etc/smb.conf" \
    --debug-stdout </dev/null >"$folder/samba.out" 2>&1 &
pid=$!; echo $pid
read -r _
kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null
rm -rf "$folder""#;
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT, "sh"])
        .arg(folder)
        .env("TDB_NO_FSYNC", "1")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut pid = String::new();
    BufReader::new(shell.stdout.take().expect("its output"))
        .read_line(&mut pid)
        .expect("a pid");
    assert!(pid.trim().parse::<u32>().is_ok(), "no pid: {pid}");
    shell
}

/// A program in Debian's Python, whatever other Python is in the way.
fn python_tool(name: &str) -> Command {
    let mut command = Command::new(name);
    // Without it, each of ten thousand small writes waits for the disk.
    command
        .env("TDB_NO_FSYNC", "1")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONHOME");
    command
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
