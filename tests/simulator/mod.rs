//! `homerealm simulate` as a process: in front of an identity provider that it knows by files, or for
//! the steps of a scenario.
#![allow(clippy::expect_used)] // a test may stop
#![allow(dead_code)] // each test binary uses its own part of this

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::Duration,
};

pub(crate) use homerealm::simulate::HOST as ENTRA;
use hyper::Uri;

use crate::provider::homerealm;

/// Where a simulator will be: nobody else gets the address while the listener is there.
pub(crate) fn reserve() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

/// The relying party that it will be, with these lines besides.
pub(crate) fn relying_party(address: SocketAddr, more: &str) -> &'static str {
    let table = format!(
        r#"[[relying_party]]
entity_id = "urn:federation:MicrosoftOnline"
preset = "entra"
assertion_consumer_services = ["https://{ENTRA}:{}/login.srf"]
{more}
"#,
        address.port()
    );
    Box::leak(table.into_boxed_str())
}

/// A simulator as a process; it ends with this.
pub(crate) struct Simulator {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The PEM of what signs its certificate.
    pub(crate) ca: String,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Simulator {
    /// `knows` is the flag and the file that say what it knows of the identity provider. The PEM of its
    /// CA is written to the folder: each simulator has its own.
    pub(crate) fn start(
        address: SocketAddr,
        folder: &Path,
        knows: (&str, &Path),
        more: &[&str],
    ) -> Self {
        let mut child = homerealm()
            .args(["simulate", knows.0])
            .arg(knows.1)
            .args(["--listen", &address.to_string()])
            .args(more)
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("homerealm starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its address");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line.trim(), format!("https://{ENTRA}:{}/", address.port()));
        let ca = fs::read_to_string(folder.join("homerealm-simulate-ca.pem")).expect("the CA");
        Self { child, address, ca }
    }

    /// One of its addresses.
    pub(crate) fn url(&self, path: &str) -> Uri {
        let port = self.address.port();
        format!("https://{ENTRA}:{port}{path}")
            .parse()
            .expect("a URL")
    }
}

/// A run of `homerealm simulate` that ends by itself, as one of a scenario does.
pub(crate) fn run_once(address: SocketAddr, prepare: impl Fn(&mut Command)) -> Output {
    let once = || {
        let mut command = homerealm();
        command.args(["simulate", "--listen", &address.to_string()]);
        prepare(&mut command);
        command.output().expect("homerealm runs")
    };
    let mut output = once();
    // Between two runs somebody's connection can have the port for a while.
    for _ in 0..20 {
        if !said(&output).contains("in use") {
            break;
        }
        sleep(Duration::from_millis(250));
        output = once();
    }
    output
}

/// What it said, on stdout and then on stderr.
pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
