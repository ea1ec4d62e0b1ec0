//! Several nodes of one service, behind a plain TCP balancer, with a real Redis in common.

// Each test binary uses its own part of this.
#![allow(dead_code)]

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use homerealm::{
    http::{
        client::{Client, Reply},
        tls::{LocalCa, client_config},
    },
    keys::create_signing_key,
};
use hyper::Uri;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::TcpStream,
};

use crate::{
    provider::{ACS, HOST, ISSUER, SP, homerealm},
    redis::{PASSWORD as STORE_PASSWORD, Redis, SEAL_KEY, USER},
    slapd::{BASE, FEDERATED_SUFFIX, PARTNERS, PASSWORD, SERVICE_DN, Slapd},
};

/// One node.
struct Node {
    child: Option<Child>,
    config: PathBuf,
    address: SocketAddr,
    operations: SocketAddr,
    log: PathBuf,
}

/// All of them, and the balancer in front.
pub(crate) struct Service {
    nodes: Vec<Node>,
    balancer: Arc<Balancer>,
    folder: tempfile::TempDir,
    ca: LocalCa,
}

/// Hands each connection to the next node that is there.
struct Balancer {
    address: SocketAddr,
    nodes: Vec<SocketAddr>,
    next: AtomicUsize,
}

impl Service {
    /// So many nodes, with these lines in `[store]` and these tables besides.
    pub(crate) async fn start(
        count: usize,
        slapd: &Slapd,
        redis: &Redis,
        store: &str,
        tables: &str,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        let ca = LocalCa::new().expect("a CA");
        let tls = ca.issue(&[HOST]).expect("a certificate");
        fs::write(path.join("tls.crt"), &tls.chain_pem).expect("tls.crt");
        write_private(&path.join("tls.key"), &tls.key_pem);
        write_private(&path.join("directory-password"), PASSWORD);
        write_private(&path.join("store-password"), STORE_PASSWORD);
        write_private(&path.join("seal.key"), SEAL_KEY);
        fs::copy(slapd.ca_file(), path.join("directory-ca.pem")).expect("the directory's CA");
        let made = homerealm()
            .args(["keys", "new", "--folder"])
            .arg(path)
            .output();
        assert!(made.expect("homerealm runs").status.success(), "no keys");
        let upstream = create_signing_key("upstream.test", 30).expect("a key");
        let upstream = upstream.signer.certificate().to_pem();
        fs::write(path.join("upstream.crt"), upstream).expect("upstream.crt");
        let addresses = free_addresses(count * 2);
        let (listen, operations) = addresses.split_at(count);
        let balancer = Balancer::start(listen.to_vec()).await;
        let mut service = Self {
            nodes: Vec::new(),
            balancer,
            folder,
            ca,
        };
        for number in 0..count {
            let (address, operations) = (listen[number], operations[number]);
            let configuration = format!(
                r#"
base_url = "https://{HOST}:{port}"
[listen]
address = "{address}"
tls_certificate = "tls.crt"
tls_key = "tls.key"
[operations]
address = "{operations}"
[signing]
key = "signing.key"
certificate = "signing.crt"
[store]
servers = ["redis://{redis}"]
plaintext_on_purpose = true
user = "{USER}"
password = {{ file = "store-password" }}
seal_key = {{ file = "seal.key" }}
{store}
[[federated_domain]]
suffix = "{FEDERATED_SUFFIX}"
issuer = "{ISSUER}"
[[relying_party]]
entity_id = "{SP}"
preset = "entra"
assertion_consumer_services = ["{ACS}"]
[directory]
servers = ["{directory}"]
ca = "directory-ca.pem"
bind_dn = "{SERVICE_DN}"
bind_password = {{ file = "directory-password" }}
base = "{BASE}"
scope = ["{PARTNERS}"]
{tables}
"#,
                port = service.balancer.address.port(),
                redis = redis.address(),
                directory = slapd.ldaps_url(),
            );
            let config = service.folder.path().join(format!("node-{number}.toml"));
            fs::write(&config, configuration).expect("a configuration");
            service.nodes.push(Node {
                child: None,
                log: service.folder.path().join(format!("node-{number}.log")),
                config,
                address,
                operations,
            });
            service.start_node(number);
        }
        service
    }

    /// Starts a node, or starts it again.
    pub(crate) fn start_node(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        let log = fs::File::create(&node.log).expect("a log");
        let child = homerealm()
            .args(["serve", "--config"])
            .arg(&node.config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        node.child = Some(child.expect("homerealm starts"));
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.log(number).contains("serving") {
            assert!(Instant::now() < deadline, "{}", self.log(number));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills a node, in the middle of whatever it does.
    pub(crate) fn kill_node(&mut self, number: usize) {
        if let Some(mut child) = self.nodes[number].child.take() {
            child.kill().expect("killed");
            child.wait().expect("it ends");
        }
    }

    /// What a node has logged.
    pub(crate) fn log(&self, number: usize) -> String {
        fs::read_to_string(&self.nodes[number].log).unwrap_or_default()
    }

    /// The next connection goes to this node, and those after it in turn.
    pub(crate) fn next(&self, number: usize) {
        self.balancer.next.store(number, Ordering::SeqCst);
    }

    pub(crate) fn config(&self, number: usize) -> &Path {
        &self.nodes[number].config
    }

    pub(crate) fn url(&self, path: &str) -> Uri {
        let url = format!("https://{HOST}:{}{path}", self.balancer.address.port());
        url.parse().expect("a URL")
    }

    /// A browser with no cookies.
    pub(crate) fn browser(&self) -> Client {
        let tls = client_config(&[self.ca.ca_pem().as_bytes()]).expect("TLS settings");
        Client::new(tls).with_address(HOST, self.balancer.address)
    }

    /// Opens an address at this node.
    pub(crate) async fn get(&self, node: usize, browser: &mut Client, path: &str) -> Reply {
        browser.disconnect();
        self.next(node);
        let reply = browser.get(&self.url(path), None).await;
        reply.expect("an answer")
    }

    /// What a node tells its operator: status and text.
    pub(crate) async fn operations(&self, node: usize, path: &str) -> (u16, String) {
        let address = self.nodes[node].operations;
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let body = answer.split_once("\r\n\r\n").expect("a body").1;
        (status.expect("a status"), body.to_owned())
    }

    /// Waits until all nodes know that the store is there, or that it is not.
    pub(crate) async fn until_store(&self, is_up: bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let told = format!("homerealm_store_up {}", u8::from(is_up));
        for node in 0..self.nodes.len() {
            if self.nodes[node].child.is_none() {
                continue;
            }
            while !self.operations(node, "/metrics").await.1.contains(&told) {
                assert!(Instant::now() < deadline, "{}", self.log(node));
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        for number in 0..self.nodes.len() {
            self.kill_node(number);
        }
    }
}

impl Balancer {
    async fn start(nodes: Vec<SocketAddr>) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let balancer = Arc::new(Self {
            address: listener.local_addr().expect("its address"),
            nodes,
            next: AtomicUsize::new(0),
        });
        let shared = balancer.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let first = shared.next.fetch_add(1, Ordering::SeqCst);
                let shared = shared.clone();
                tokio::spawn(async move { shared.carry(stream, first).await });
            }
        });
        balancer
    }

    async fn carry(&self, mut stream: TcpStream, first: usize) {
        for turn in 0..self.nodes.len() {
            let node = self.nodes[(first + turn) % self.nodes.len()];
            if let Ok(mut to) = TcpStream::connect(node).await {
                let _ = copy_bidirectional(&mut stream, &mut to).await;
                return;
            }
        }
    }
}

fn free_addresses(count: usize) -> Vec<SocketAddr> {
    // All held at once, so that they differ.
    let listeners = (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let listeners: Vec<_> = listeners
        .map(|listener| listener.expect("a port"))
        .collect();
    let addresses = listeners.iter().map(TcpListener::local_addr);
    addresses
        .map(|address| address.expect("its address"))
        .collect()
}

fn write_private(path: &Path, text: &str) {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.expect("a file")
        .write_all(text.as_bytes())
        .expect("written");
}

/// What came of sign-ins under load.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) answered: AtomicUsize,
    pub(crate) asked_again: AtomicUsize,
    /// Connections that broke with their node.
    pub(crate) broken: AtomicUsize,
    pub(crate) refused: Mutex<Vec<String>>,
}
