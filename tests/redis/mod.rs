//! A throw-away Redis: the real server, on a free port of loopback, with nothing on the disk. It ends
//! with the test.

// Each test binary uses its own part of this.
#![allow(dead_code)]

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use homerealm::http::tls::LocalCa;

pub(crate) const USER: &str = "homerealm";
pub(crate) const PASSWORD: &str = "the store's password";
/// What both seal by; see `docs/src/several-nodes.md`.
pub(crate) const SEAL_KEY: &str = "0123456789abcdef0123456789abcdef";
/// The rights that the documentation gives to nodes.
pub(crate) const RIGHTS: &str = "~homerealm:* resetchannels -@all +set +get +getdel +del +eval \
                                 +incrby +pexpire +pttl +role +info +time";

/// A running server.
pub(crate) struct Redis {
    child: Option<Child>,
    port: u16,
    folder: tempfile::TempDir,
    tls: Option<LocalCa>,
}

impl Redis {
    /// Without TLS.
    pub(crate) fn start() -> Self {
        Self::new(None)
    }

    /// With TLS alone, and a certificate for this name.
    pub(crate) fn start_tls(name: &str) -> Self {
        Self::new(Some(name))
    }

    fn new(tls: Option<&str>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("its address").port();
        drop(listener);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let tls = tls.map(|name| {
            let ca = LocalCa::new().expect("a CA");
            let issued = ca.issue(&[name]).expect("a certificate");
            let path = folder.path();
            fs::write(path.join("ca.pem"), ca.ca_pem()).expect("ca.pem");
            fs::write(path.join("tls.pem"), &issued.chain_pem).expect("tls.pem");
            fs::write(path.join("tls.key"), issued.key_pem.as_bytes()).expect("tls.key");
            ca
        });
        let mut redis = Self {
            child: None,
            port,
            folder,
            tls,
        };
        redis.start_again();
        redis
    }

    /// Starts it, with nothing in it.
    pub(crate) fn start_again(&mut self) {
        let port = self.port.to_string();
        let (plain, encrypted) = match self.tls {
            None => (port.as_str(), "0"),
            Some(_) => ("0", port.as_str()),
        };
        let mut command = Command::new("redis-server");
        command
            .current_dir(self.folder.path())
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                plain,
                "--tls-port",
                encrypted,
            ])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(["--maxmemory", "64mb", "--maxmemory-policy", "noeviction"])
            .args(["--user", USER, "on", &format!(">{PASSWORD}")])
            .args(RIGHTS.split_whitespace());
        if self.tls.is_some() {
            command.args(["--tls-cert-file", "tls.pem", "--tls-key-file", "tls.key"]);
            command.args(["--tls-ca-cert-file", "ca.pem", "--tls-auth-clients", "no"]);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.child = Some(child.expect("redis-server is installed"));
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.cli(&["PING"]).trim() != "PONG" {
            assert!(Instant::now() < deadline, "redis-server does not start");
            sleep(Duration::from_millis(20));
        }
    }

    /// Kills it. What it had is lost.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it from running, connections and all.
    pub(crate) fn hang(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let child = self.child.as_ref().expect("it runs");
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// What redis-cli says to a command of the default user.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-p", &self.port.to_string()]);
        if self.tls.is_some() {
            command.args(["--tls", "--insecure"]);
        }
        let output = command.args(arguments).output().expect("redis-cli runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// How often nodes have asked for something, connections and scripts' own calls left out.
    pub(crate) fn questions(&self) -> u64 {
        let text = self.cli(&["INFO", "commandstats"]);
        let of = ["set", "get", "getdel", "del", "eval"];
        text.lines()
            .filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls="))
            .filter(|(name, _)| of.contains(name))
            .filter_map(|(_, rest)| rest.split(',').next()?.parse::<u64>().ok())
            .sum()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The CA of its certificate, PEM.
    pub(crate) fn ca_pem(&self) -> &str {
        self.tls.as_ref().expect("it speaks TLS").ca_pem()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
