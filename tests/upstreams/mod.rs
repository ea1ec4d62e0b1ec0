//! Identity providers of other organisations, as others write them, each as a site of its own: pysaml2's
//! for Fabrikam, oidc-provider of the Node world for Tailspin Toys. Both believe any name that is typed.
#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop
#![allow(dead_code)] // each test binary uses its own part of this

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use homerealm::{http::tls::LocalCa, keys::create_signing_key};
use serde_json::{Value, json};

use crate::{
    provider::{HOST, Options, Provider},
    slapd::Slapd,
    strangers::{node_environment, python, tool},
};

pub(crate) const FABRIKAM_HOST: &str = "fabrikam.localhost";
const SECRET: &str = "a secret of the tests";

/// Both, and Homerealm that sends people there.
pub(crate) struct World {
    pub(crate) provider: Provider,
    pub(crate) fabrikam: Fabrikam,
    pub(crate) tailspin: Tailspin,
    pub(crate) ca: LocalCa,
}

/// What Homerealm is told besides.
#[derive(Clone, Copy, Default)]
pub(crate) struct Besides {
    /// Lines for the relying party's table, and tables behind it.
    pub(crate) relying_party: &'static str,
    /// Routes before those of the upstreams.
    pub(crate) routes: &'static str,
    /// Whether nobody but Fabrikam and Tailspin is sent anywhere, nor has a password here.
    pub(crate) no_passwords: bool,
}

/// pysaml2's identity provider.
pub(crate) struct Fabrikam {
    child: Child,
    input: Option<ChildStdin>,
    folder: PathBuf,
    origin: String,
    asked: Arc<Mutex<Vec<Value>>>,
}

/// oidc-provider.
pub(crate) struct Tailspin {
    child: Child,
    pub(crate) issuer: String,
}

impl World {
    /// `answers`: what Fabrikam says of everybody, beside the name that is typed.
    pub(crate) async fn start(slapd: &Slapd, besides: Besides, answers: Value) -> Self {
        let ca = LocalCa::new().expect("a CA");
        let folder = tempfile::tempdir().expect("a folder").keep();
        let issued = ca
            .issue(&[FABRIKAM_HOST, "localhost"])
            .expect("a certificate");
        fs::write(folder.join("tls.crt"), &issued.chain_pem).expect("tls.crt");
        fs::write(folder.join("tls.key"), issued.key_pem.as_bytes()).expect("tls.key");
        fs::write(folder.join("ca.pem"), ca.ca_pem()).expect("ca.pem");
        let mut fabrikam = Fabrikam::start(&folder);
        let port = free_port();
        let base_url = format!("https://{HOST}:{port}");
        let tailspin = Tailspin::start(&folder, &base_url);
        let tables = besides.tables(&folder, &fabrikam, &tailspin);
        let options = Options {
            relying_party: Box::leak(tables.into_boxed_str()),
            port: Some(port),
            ..Options::default()
        };
        let provider = Provider::start(slapd, options);
        let metadata = provider
            .browser()
            .get(&provider.url("/upstream/saml2/metadata"), None)
            .await
            .expect("our metadata");
        fs::write(folder.join("sp.xml"), &metadata.body).expect("sp.xml");
        fabrikam.begin(answers);
        Self {
            provider,
            fabrikam,
            tailspin,
            ca,
        }
    }
}

impl Besides {
    fn tables(self, folder: &Path, fabrikam: &Fabrikam, tailspin: &Tailspin) -> String {
        let folder = folder.display();
        let passwords = if self.no_passwords {
            ""
        } else {
            "[[route]]\nname = \"all others\"\nto = \"directories\"\n"
        };
        format!(
            r#"{relying_party}
[[upstream]]
name = "fabrikam"
display_name = "Fabrikam"
email_domains = ["fabrikam.com"]
trusted_for_mfa = true
[upstream.saml2]
entity_id = "{origin}/metadata"
single_sign_on_service = "{origin}/sso"
certificates = "{folder}/idp.crt"
[[upstream]]
name = "tailspin"
display_name = "Tailspin Toys"
email_domains = ["tailspintoys.com"]
trusted_for_mfa = true
[upstream.openid]
issuer = "{issuer}"
client_id = "homerealm"
client_credential = {{ file = "{folder}/secret" }}
ca = "{folder}/ca.pem"
{routes}
[[route]]
name = "fabrikam"
email_domains = ["fabrikam.com"]
home_realm_hints = ["fabrikam.com"]
to = {{ upstream = "fabrikam" }}
[[route]]
name = "tailspin"
email_domains = ["tailspintoys.com"]
home_realm_hints = ["tailspintoys.com"]
to = {{ upstream = "tailspin" }}
{passwords}"#,
            relying_party = self.relying_party,
            routes = self.routes,
            origin = fabrikam.origin,
            issuer = tailspin.issuer,
        )
    }
}

impl Fabrikam {
    fn start(folder: &Path) -> Self {
        let key = create_signing_key("Fabrikam", 1).expect("a key");
        fs::write(folder.join("idp.key"), key.private_key_pem.as_bytes()).expect("idp.key");
        let certificate = key.signer.certificate().to_pem();
        fs::write(folder.join("idp.crt"), certificate).expect("idp.crt");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/pysaml2_idp.py");
        let mut child = Command::new(python())
            .arg(script)
            .arg(folder)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut port = String::new();
        output.read_line(&mut port).expect("a port");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).expect("JSON");
                seen.lock().expect("the questions").push(line);
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            folder: folder.to_owned(),
            origin: format!("https://{FABRIKAM_HOST}:{}", port.trim()),
            asked,
        }
    }

    /// Tells it who it is, now that it has our metadata.
    fn begin(&mut self, answers: Value) {
        let mut order = json!({
            "entity_id": format!("{}/metadata", self.origin),
            "sso": format!("{}/sso", self.origin),
        });
        let (Value::Object(all), Value::Object(more)) = (&mut order, answers) else {
            panic!("objects");
        };
        all.extend(more);
        let mut input = self.input.as_ref().expect("its input");
        writeln!(input, "{order}").expect("sent");
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let port = self.origin.rsplit_once(':').expect("a port").1;
        ([127, 0, 0, 1], port.parse().expect("a port")).into()
    }

    /// The questions that it was asked.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.asked.lock().expect("the questions").clone()
    }
}

impl Tailspin {
    fn start(folder: &Path, base_url: &str) -> Self {
        let secret = folder.join("secret");
        fs::write(&secret, SECRET).expect("secret");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&secret, private).expect("for its owner alone");
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/oidc_provider.mjs");
        let options = json!({
            "conforming": true,
            "claims": true,
            "clients": [{
                "client_id": "homerealm",
                "client_secret": SECRET,
                "redirect_uris": [format!("{base_url}/upstream/openid/callback")],
                "token_endpoint_auth_method": "client_secret_basic",
            }],
        });
        let mut child = Command::new(tool("node"))
            .arg(script)
            .arg(node_environment())
            .args([folder.join("tls.crt"), folder.join("tls.key")])
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        output.read_line(&mut line).expect("a line");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        Self {
            child,
            issuer: said["issuer"].as_str().expect("an issuer").to_owned(),
        }
    }
}

impl Drop for Fabrikam {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Tailspin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}
