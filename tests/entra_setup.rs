//! `homerealm entra`: a domain is federated, compared and rolled over at a simulated Entra whose Graph asks
//! for tokens, with Homerealm as a process in front of a real slapd, and people who sign in meanwhile.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod simulator;
mod slapd;
mod strangers;

use std::{
    fs,
    process::{Command, Output},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use homerealm::{
    http::{
        PageForm,
        client::{Client, Reply},
        tls::client_config,
    },
    keys::{Certificate, Signer, create_signing_key},
    microsoft_graph::{Credential, Endpoints, Graph},
};
use hyper::Uri;
use provider::{HOST, ISSUER, Options, Provider, homerealm, type_password};
use serde_json::{Value, json};
use simulator::{ENTRA, Simulator};
use slapd::{FEDERATED_SUFFIX, Numbered, PASSWORD, Slapd};
use strangers::{python, run};
use tokio::task::JoinHandle;

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const APPLICATION: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
const PARTNER: Numbered = Numbered(3);

/// Both servers; the simulated Entra ends with this.
struct World {
    provider: Provider,
    entra: Simulator,
    graph_key: Arc<Signer>,
    roots: String,
}

impl World {
    /// With the domain managed, or federated as this says.
    fn start(federation: impl Fn(&Provider) -> String) -> Self {
        let (listener, address) = simulator::reserve();
        let base = format!("https://{ENTRA}:{}", address.port());
        let tables = format!(
            r#"[entra]
credential = {{ tenant = "contoso.onmicrosoft.com", client_id = "{APPLICATION}", certificate = "graph.crt", key = "graph.key" }}
graph_url = "{base}"
login_url = "{base}"
ca = "roots.pem"
"#
        );
        let provider = Provider::start(
            &SLAPD,
            Options {
                relying_party: simulator::relying_party(address, ""),
                tables: Box::leak(tables.into_boxed_str()),
                ..Options::default()
            },
        );
        let made = homerealm()
            .args(["keys", "new", "--name", "graph", "--folder"])
            .arg(provider.folder.path())
            .output()
            .expect("homerealm runs");
        assert!(made.status.success());
        let read = |name: &str| fs::read(provider.file(name)).expect("a file");
        let graph_key = Signer::from_pem(&read("graph.key"), &read("graph.crt")).expect("a key");
        let tenant = format!(
            r#"[[tenant]]
name = "contoso.onmicrosoft.com"
[[tenant.domain]]
id = "{FEDERATED_SUFFIX}"
{}
[[tenant.user]]
userPrincipalName = "{}"
onPremisesUserPrincipalName = "{}"
onPremisesImmutableId = "{}"
userType = "Guest"
[[tenant.application]]
appId = "{APPLICATION}"
displayName = "Homerealm"
keyCredentials = [{{ key = "{}" }}]
applicationPermissions = ["Domain.Read.All", "Domain-InternalFederation.ReadWrite.All"]
"#,
            federation(&provider),
            PARTNER.upn(),
            PARTNER.mail(),
            PARTNER.guid().immutable_id(),
            graph_key.certificate().base64(),
        );
        let file = provider.file("tenant.toml");
        fs::write(&file, tenant).expect("tenant.toml");
        drop(listener);
        let known = ("--tenant", file.as_path());
        let entra = Simulator::start(address, provider.folder.path(), known, &[]);
        let roots = format!("{}{}", entra.ca, provider.ca_pem());
        fs::write(provider.file("roots.pem"), &roots).expect("roots.pem");
        Self {
            provider,
            entra,
            graph_key: Arc::new(graph_key),
            roots,
        }
    }

    /// Federated by SAML as the configuration wants it.
    fn federated() -> Self {
        Self::start(|provider| {
            let certificate = fs::read(provider.file("signing.crt")).expect("signing.crt");
            let certificate = Certificate::from_pem(&certificate).expect("a certificate");
            format!(
                r#"[tenant.domain.federationConfiguration]
displayName = "{FEDERATED_SUFFIX}"
issuerUri = "{ISSUER}"
passiveSignInUri = "{}"
signOutUri = "{}"
preferredAuthenticationProtocol = "saml"
federatedIdpMfaBehavior = "rejectMfaByFederatedIdp"
signingCertificate = "{}"
"#,
                provider.url("/saml2/sso"),
                provider.url("/saml2/slo"),
                certificate.base64(),
            )
        })
    }

    fn entra(&self, more: &[&str]) -> Output {
        let mut command = self.command(more);
        command.output().expect("homerealm runs")
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = homerealm();
        command
            .arg("entra")
            .args(more)
            .arg("--config")
            .arg(self.provider.config_file());
        command
    }

    /// The same, which ends with this code; what it says, both ways.
    fn told(&self, more: &[&str], code: i32) -> String {
        let output = self.entra(more);
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(code), "{more:?}: {text}");
        text
    }

    /// Which step of the rollover is due.
    fn due(&self) -> String {
        let output = self.entra(&["rollover", "--json"]);
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        told["due"].as_str().expect("a step").to_owned()
    }

    fn graph(&self) -> Graph {
        let base: Uri = self.url("");
        let endpoints = Endpoints {
            graph: base.clone(),
            login: base,
        };
        let credential = Credential::Certificate {
            tenant: "contoso.onmicrosoft.com".to_owned(),
            client_id: APPLICATION.to_owned(),
            signer: self.graph_key.clone(),
        };
        let tls = client_config(&[self.roots.as_bytes()]).expect("TLS settings");
        Graph::new(endpoints, credential, tls)
    }

    fn url(&self, path: &str) -> Uri {
        self.entra.url(path)
    }

    fn browser(&self) -> Client {
        Client::new(client_config(&[self.roots.as_bytes()]).expect("TLS settings"))
            .with_address(HOST, self.provider.address())
            .with_address(ENTRA, self.entra.address)
    }

    fn certificate(&self, name: &str) -> Certificate {
        Certificate::from_pem(&fs::read(self.provider.file(name)).expect(name)).expect(name)
    }

    async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.provider.operations);
        let mut client = Client::new(client_config(&[]).expect("TLS settings"));
        let reply = client.get(&url.parse().expect("a URL"), None).await;
        reply.expect("metrics").text()
    }
}

/// One sign-in through Entra; the name and password are typed where they are asked for.
struct SignIn {
    page: Reply,
    response: String,
}

impl SignIn {
    async fn walk(browser: &mut Client, door: &Uri) -> Self {
        let door = browser.get(door, None).await.expect("a page");
        let form = PageForm::find(&door.text(), None).expect("a form");
        let to = door.resolve(&form.action).expect("a URL");
        let name = [("login_hint".to_owned(), PARTNER.mail())];
        let hop = browser.post_form(&to, &name, Some(&door)).await;
        let hop = hop.expect("a page");
        let mut answer = submit(browser, &hop, "to-idp").await;
        if provider::is_sign_in_page(&answer) {
            answer = type_password(browser, &answer, &PARTNER.mail(), PASSWORD).await;
        }
        let form = PageForm::find(&answer.text(), Some("post")).expect("an answer");
        let response = form.field("SAMLResponse").expect("a Response");
        let response = String::from_utf8(STANDARD.decode(response).expect("base64"));
        let page = submit(browser, &answer, "post").await;
        Self {
            page,
            response: response.expect("UTF-8"),
        }
    }

    fn is_taken(&self) -> bool {
        self.page.status.is_success() && self.page.text().contains(&PARTNER.upn())
    }

    fn is_by(&self, certificate: &Certificate) -> bool {
        self.response.contains(certificate.base64())
    }
}

async fn submit(browser: &mut Client, page: &Reply, id: &str) -> Reply {
    let text = page.text();
    let form = PageForm::find(&text, Some(id)).unwrap_or_else(|_| panic!("{text}"));
    let to = page.resolve(&form.action).expect("a URL");
    let reply = browser.post_form(&to, &form.fields, Some(page)).await;
    reply.expect("a page")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_federates_the_domain_and_what_differs_is_told() {
    let world = World::start(|_| String::new());
    let unfederated = world.told(&["status"], 1);
    assert!(unfederated.contains("no federation"), "{unfederated}");

    let output = world.entra(&["federate", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(printed["entra_was_asked"], true);
    let domain = &printed["domains"][0];
    assert_eq!(domain["domain"], FEDERATED_SUFFIX);
    let mut graph = world.graph();
    let path = format!("domains/{FEDERATED_SUFFIX}/federationConfiguration");
    let made: Value = graph.post(&path, &domain["body"]).await.expect("made");

    let door = world.url("/contoso.onmicrosoft.com/");
    let mut browser = world.browser();
    let signed_in = SignIn::walk(&mut browser, &door).await;
    assert!(signed_in.is_taken(), "{}", signed_in.page.text());
    world.told(&["status"], 0);
    let again = world.told(&["federate"], 1);
    assert!(again.contains("it is federated already"), "{again}");
    world.told(&["federate", "--offline"], 0);

    let federation = format!("{path}/{}", made["id"].as_str().expect("an id"));
    let slash = json!({"issuerUri": format!("{ISSUER}/"), "signOutUri": null});
    graph.patch(&federation, &slash).await.expect("changed");
    let differs = world.entra(&["status", "--json"]);
    assert_eq!(differs.status.code(), Some(1));
    let differs: Value = serde_json::from_slice(&differs.stdout).expect("JSON");
    let fields = differs["domains"][0]["fields"].as_array().expect("fields");
    let names: Vec<_> = fields
        .iter()
        .filter(|field| field["same"] == false)
        .map(|field| field["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["issuerUri", "signOutUri"]);

    // Somebody else's key is no way in, and nothing of it is printed.
    let other = create_signing_key("other", 1).expect("a key");
    fs::write(world.provider.file("graph.key"), &*other.private_key_pem).expect("written");
    fs::write(
        world.provider.file("graph.crt"),
        other.signer.certificate().to_pem(),
    )
    .expect("written");
    let refused = world.told(&["status"], 2);
    assert!(refused.contains("AADSTS700027"), "{refused}");
    assert!(!refused.contains("eyJ"), "{refused}");
}

/// Four people who sign in without a pause, two of them with the password each time.
struct Load {
    stop: Arc<AtomicBool>,
    /// How many sign-ins were by the certificate that there was at the beginning, and by another.
    by_former: Arc<AtomicUsize>,
    by_next: Arc<AtomicUsize>,
    people: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn start(world: &World) -> Self {
        let former = world.certificate("signing.crt");
        let stop = Arc::<AtomicBool>::default();
        let (by_former, by_next) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let people = (0..4).map(|number| {
            let (stop, former) = (stop.clone(), former.clone());
            let (by_former, by_next) = (by_former.clone(), by_next.clone());
            let (door, mut browser) = (world.url("/contoso.onmicrosoft.com/"), world.browser());
            tokio::spawn(async move {
                let mut refused = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    if number % 2 == 0 {
                        browser.forget_cookies();
                    }
                    let sign_in = SignIn::walk(&mut browser, &door).await;
                    if !sign_in.is_taken() {
                        refused.push(sign_in.page.text());
                    }
                    let is_by_former = sign_in.is_by(&former);
                    let count = if is_by_former { &by_former } else { &by_next };
                    count.fetch_add(1, Ordering::Relaxed);
                }
                refused
            })
        });
        Self {
            people: people.collect(),
            stop,
            by_former,
            by_next,
        }
    }

    /// Waits for as many sign-ins more as there are people.
    async fn more(count: &AtomicUsize) {
        let begin = count.load(Ordering::Relaxed);
        let deadline = Instant::now() + Duration::from_secs(30);
        while count.load(Ordering::Relaxed) < begin + 4 {
            assert!(Instant::now() < deadline, "nobody signs in");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Nobody was refused, from the beginning to the end.
    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for person in self.people {
            let refused = person.await.expect("nobody stumbled");
            assert!(refused.is_empty(), "{}", refused.join("\n"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollover_under_load_refuses_nobody() {
    let world = World::federated();
    let load = Load::start(&world);
    Load::more(&load.by_former).await;

    // Nothing is changed by looking, and nothing out of turn.
    let looked = world.told(&["rollover"], 0);
    assert!(looked.contains("due: prepare"), "{looked}");
    let early = world.told(&["rollover", "switch"], 1);
    assert!(early.contains("prepare comes first"), "{early}");
    world.told(&["rollover", "prepare"], 0);
    let next = world.certificate("signing-next.crt");
    world.told(&["rollover", "prepare"], 0);
    assert_eq!(world.certificate("signing-next.crt"), next);
    let key = fs::read(world.provider.file("signing.key")).expect("a key");
    let locked_out = world.told(&["rollover", "switch"], 1);
    assert!(locked_out.contains("would lock people out"), "{locked_out}");
    let kept = fs::read(world.provider.file("signing.key")).expect("a key");
    assert_eq!(kept, key);

    // Announced by the running server, without a restart.
    let metadata = world.provider.url(&format!("/metadata/{FEDERATED_SUFFIX}"));
    let deadline = Instant::now() + Duration::from_secs(15);
    loop {
        let told = world
            .browser()
            .get(&metadata, None)
            .await
            .expect("metadata");
        if told.text().contains(next.base64()) {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "the next certificate is not published"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    assert_eq!(world.due(), "register");
    world.told(&["rollover", "register"], 0);
    world.told(&["rollover", "register"], 0);
    world.told(&["status"], 0);
    Load::more(&load.by_former).await;
    assert_eq!(load.by_next.load(Ordering::Relaxed), 0);

    assert_eq!(world.due(), "switch");
    world.told(&["rollover", "switch"], 0);
    Load::more(&load.by_next).await;
    let last_by_former = load.by_former.load(Ordering::Relaxed);
    assert_eq!(world.due(), "retire");
    world.told(&["rollover", "switch"], 0);
    let retired = ["rollover", "retire", "--settle-seconds", "3"];
    world.told(&retired, 0);
    world.told(&retired, 0);
    Load::more(&load.by_next).await;
    assert_eq!(world.due(), "prepare");
    assert_eq!(load.by_former.load(Ordering::Relaxed), last_by_former);
    world.told(&["status"], 0);
    assert_eq!(world.certificate("signing.crt"), next);
    assert!(!world.provider.file("signing-next.crt").exists());
    assert!(!world.provider.file("signing.key.former").exists());
    let held = world.graph().federation(FEDERATED_SUFFIX).await;
    let held = held.expect("an answer").expect("a federation");
    assert_eq!(held.signing_certificate.as_deref(), Some(next.base64()));
    assert_eq!(held.next_signing_certificate, None);

    load.end().await;
    let metrics = world.metrics().await;
    let end = next.not_after().unix_timestamp();
    let line = format!("homerealm_signing_certificate_not_after_seconds {end}\n");
    assert!(metrics.contains(&line), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_load_change_nothing_and_others_do() {
    let world = World::federated();
    let door = world.url("/contoso.onmicrosoft.com/");
    let mut browser = world.browser();
    let key = world.provider.file("signing.key");
    let good = fs::read(&key).expect("a key");
    fs::write(&key, "no key").expect("written");
    world.provider.signal("-HUP");
    world.provider.wait_for("it says so", |line| {
        line.contains("the keys from before go on signing")
    });
    assert!(SignIn::walk(&mut browser, &door).await.is_taken());
    let metrics = world.metrics().await;
    assert!(
        metrics.contains("homerealm_signing_key_files_unusable 1\n"),
        "{metrics}"
    );

    fs::write(&key, good).expect("written");
    world.provider.wait_for("it is well again", |line| {
        line.contains("the signing keys are read again")
    });
    assert!(SignIn::walk(&mut browser, &door).await.is_taken());

    // What the steps of a rollover keep from happening: another key, by hand, that Entra was not told of.
    let other = create_signing_key("other", 30).expect("a key");
    let certificate = other.signer.certificate();
    fs::write(
        world.provider.file("signing-next.crt"),
        certificate.to_pem(),
    )
    .expect("written");
    fs::write(&key, &*other.private_key_pem).expect("written");
    world.provider.signal("-HUP");
    let named = certificate.sha256_thumbprint();
    world
        .provider
        .wait_for("the other key is taken", |line| line.contains(&named));
    let refused = SignIn::walk(&mut browser, &door).await;
    assert!(refused.is_by(certificate) && !refused.is_taken());
    assert!(
        refused.page.text().contains("AADSTS"),
        "{}",
        refused.page.text()
    );
    assert_eq!(world.due(), "register");
    world.told(&["rollover", "retire", "--settle-seconds", "0"], 1);
    world.told(&["rollover", "register"], 0);
    assert!(SignIn::walk(&mut browser, &door).await.is_taken());
    assert_eq!(world.due(), "retire");
}

#[test]
fn the_script_is_powershell_to_its_parser() {
    let golden = include_str!("../src/entra_setup/golden/federate.ps1");
    let program = "import sys, tree_sitter, tree_sitter_powershell as p\n\
        parser = tree_sitter.Parser(tree_sitter.Language(p.language()))\n\
        root = parser.parse(sys.argv[1].encode()).root_node\n\
        print('wrong' if root.has_error else 'right')";
    let parsed = |script: &str| {
        let output = run(Command::new(python()).args(["-c", program, script]));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(parsed(golden), "right");
    // The parser sees what is wrong.
    assert_eq!(parsed(&golden.replacen("@{", "@{{", 1)), "wrong");
    assert_eq!(parsed(&golden.replacen("'USGov'", "'USGov", 1)), "wrong");
}
