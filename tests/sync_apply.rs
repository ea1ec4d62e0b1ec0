//! `homerealm sync apply`: partners of a real slapd, brought into a simulated Entra whose Graph asks for
//! tokens, pages, throttles and fails; and one of them signs in.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod simulator;
mod slapd;

use std::{
    fs,
    process::{Command, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use homerealm::{
    http::{
        PageForm,
        client::{Client, Reply},
        tls::client_config,
    },
    keys::{Certificate, Signer},
    microsoft_graph::{Credential, Endpoints, Graph},
};
use hyper::{Method, StatusCode, Uri};
use provider::{HOST, ISSUER, Options, Provider, homerealm, is_sign_in_page, type_password};
use serde_json::{Value, json};
use simulator::{ENTRA, Simulator};
use slapd::{FEDERATED_SUFFIX, Numbered, PASSWORD, Slapd};

const APPLICATION: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
/// The numbered partners; more than a page of the delta query has.
const PARTNERS: u32 = 120;
/// Those and three of the special accounts: the others have conflicts, or are members.
const GUESTS: usize = 123;

/// Directory, identity provider and simulated Entra; the last ends with this.
struct World {
    slapd: Slapd,
    provider: Provider,
    entra: Simulator,
    graph_key: Arc<Signer>,
    roots: String,
}

impl World {
    fn start() -> Self {
        let slapd = Slapd::start_new(slapd::Options {
            accounts: PARTNERS,
            ..slapd::Options::default()
        });
        let (listener, address) = simulator::reserve();
        let base = format!("https://{ENTRA}:{}", address.port());
        let tables = format!(
            r#"[entra]
credential = {{ tenant = "contoso.onmicrosoft.com", client_id = "{APPLICATION}", certificate = "graph.crt", key = "graph.key" }}
graph_url = "{base}"
login_url = "{base}"
ca = "roots.pem"
[sync]
tenant = "contoso.onmicrosoft.com"
verified_domains = ["contoso.com"]
"#
        );
        let provider = Provider::start(
            &slapd,
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
        let tenant = tenant(&provider, &graph_key);
        let file = provider.file("tenant.toml");
        fs::write(&file, tenant).expect("tenant.toml");
        drop(listener);
        let known = ("--tenant", file.as_path());
        let entra = Simulator::start(address, provider.folder.path(), known, &[]);
        let roots = format!("{}{}", entra.ca, provider.ca_pem());
        fs::write(provider.file("roots.pem"), &roots).expect("roots.pem");
        Self {
            slapd,
            provider,
            entra,
            graph_key: Arc::new(graph_key),
            roots,
        }
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = homerealm();
        command
            .args(["sync", "apply", "--format", "json", "--config"])
            .arg(self.provider.config_file())
            .arg("--state")
            .arg(self.provider.file("state.json"))
            .args(more);
        command
    }

    /// What it prints, when it ends with this code.
    fn run(&self, more: &[&str], code: i32) -> Told {
        let output = self.command(more).output().expect("homerealm runs");
        Told::of(&output, code)
    }

    fn graph(&self) -> Graph {
        let base = self.url("");
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

    async fn users(&self) -> Vec<Value> {
        self.graph().list("users").await.expect("users")
    }

    /// Those who were made by the runs.
    async fn made(&self) -> usize {
        let users = self.users().await;
        let users = users.iter().filter(|user| {
            user["employeeType"] == "Homerealm" && user["onPremisesSyncEnabled"] != json!(true)
        });
        users.count()
    }

    /// What Graph does wrong from now on.
    async fn faults(&self, faults: Value) {
        let order = json!({ "value": faults }).to_string();
        let url = self.url("/v1.0/simulator/faults");
        let reply = self.browser().call(Method::POST, &url, Some(order)).await;
        assert_eq!(reply.expect("an answer").status, StatusCode::NO_CONTENT);
    }

    fn url(&self, path: &str) -> Uri {
        self.entra.url(path)
    }

    fn browser(&self) -> Client {
        Client::new(client_config(&[self.roots.as_bytes()]).expect("TLS settings"))
            .with_address(HOST, self.provider.address())
            .with_address(ENTRA, self.entra.address)
    }
}

/// The tenant: a member, a guest of Entra Connect and one of an administrator, and the application.
fn tenant(provider: &Provider, graph_key: &Signer) -> String {
    let signing = fs::read(provider.file("signing.crt")).expect("signing.crt");
    let signing = Certificate::from_pem(&signing).expect("a certificate");
    format!(
        r#"[[tenant]]
name = "contoso.onmicrosoft.com"
[[tenant.domain]]
id = "contoso.com"
[[tenant.domain]]
id = "{FEDERATED_SUFFIX}"
isRoot = true
[tenant.domain.federationConfiguration]
displayName = "Partners"
issuerUri = "{ISSUER}"
passiveSignInUri = "{}"
preferredAuthenticationProtocol = "saml"
federatedIdpMfaBehavior = "rejectMfaByFederatedIdp"
signingCertificate = "{}"
[[tenant.user]]
userPrincipalName = "mia@contoso.com"
[[tenant.user]]
userPrincipalName = "connected@{FEDERATED_SUFFIX}"
onPremisesImmutableId = "Y29ubmVjdGVk"
onPremisesSyncEnabled = true
employeeType = "Homerealm"
userType = "Guest"
[[tenant.user]]
userPrincipalName = "invited@{FEDERATED_SUFFIX}"
onPremisesImmutableId = "aW52aXRlZA=="
userType = "Guest"
[[tenant.application]]
appId = "{APPLICATION}"
displayName = "Homerealm"
keyCredentials = [{{ key = "{}" }}]
applicationPermissions = ["User.ReadWrite.All"]
"#,
        provider.url("/saml2/sso"),
        signing.base64(),
        graph_key.certificate().base64(),
    )
}

/// What a run says.
struct Told {
    json: Value,
    stderr: String,
}

impl Told {
    fn of(output: &Output, code: i32) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(!stdout.contains("password") && !stderr.contains("password"));
        let json = serde_json::from_str(&stdout).expect("JSON");
        Self { json, stderr }
    }

    fn changes(&self) -> Vec<String> {
        let changes = self.json["changes"]["changes"].as_array();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let changes = changes.expect("changes").iter().map(|change| {
            let (action, name) = (&change["action"], &change["userPrincipalName"]);
            format!("{} {}", text(action), text(name))
        });
        changes.collect()
    }

    fn failures(&self) -> usize {
        self.json["run"]["failures"]
            .as_array()
            .expect("failures")
            .len()
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
async fn partners_come_sign_in_change_and_go() {
    let mut world = World::start();
    let before = world.users().await;
    let dry = world.run(&[], 0);
    assert_eq!(dry.json["applied"], false);
    assert_eq!(dry.changes().len(), GUESTS);
    assert!(dry.changes().iter().all(|it| it.starts_with("create ")));
    let left_out = dry.json["changes"]["leftOut"].as_array().expect("left out");
    assert!(left_out.len() >= 3, "{left_out:?}");
    assert_eq!(world.users().await, before);

    let applied = world.run(&["--apply"], 0);
    assert_eq!(applied.json["run"]["done"], GUESTS);
    let after = world.users().await;
    assert_eq!(after.len(), before.len() + GUESTS);
    // Nobody else is another one now.
    assert!(before.iter().all(|user| after.contains(user)));
    let partner = Numbered(7);
    let user = after
        .iter()
        .find(|user| user["userPrincipalName"] == partner.upn());
    let user = user.expect("the partner");
    assert_eq!(user["userType"], "Guest");
    assert_eq!(user["mail"], partner.mail());
    assert_eq!(user["onPremisesImmutableId"], partner.guid().immutable_id());
    assert_eq!(
        user["proxyAddresses"],
        json!([format!("SMTP:{}", partner.mail())])
    );

    // By what has changed since, and by everything: Graph has forgotten when that was.
    assert_eq!(world.run(&["--apply"], 0).changes(), [""; 0]);
    let state = world.provider.file("state.json");
    let kept = fs::read_to_string(&state).expect("the state");
    let forgotten = kept.replace("$deltatoken=", "$deltatoken=0");
    assert_ne!(kept, forgotten);
    fs::write(&state, forgotten).expect("the state");
    let again = world.run(&["--apply"], 0);
    assert_eq!(again.changes(), [""; 0]);
    assert_eq!(again.json["changes"]["unchanged"], GUESTS);

    // Graph does not write what Entra would resolve her email by, so that she comes by a link.
    let mut browser = world.browser();
    let door = world.url("/contoso.onmicrosoft.com/");
    let door = browser.get(&door, None).await.expect("a page");
    let form = PageForm::find(&door.text(), None).expect("a form");
    let to = door.resolve(&form.action).expect("a URL");
    let name = [("login_hint".to_owned(), partner.mail())];
    let typed = browser.post_form(&to, &name, Some(&door)).await;
    assert!(typed.expect("a page").text().contains("AADSTS50034"));
    let link = format!(
        "/contoso.onmicrosoft.com/login?whr={FEDERATED_SUFFIX}&login_hint={}",
        partner.mail()
    );
    let page = browser.get(&world.url(&link), None).await.expect("a page");
    let page = submit(&mut browser, &page, "to-idp").await;
    assert!(is_sign_in_page(&page), "{}", page.text());
    let page = type_password(&mut browser, &page, &partner.mail(), PASSWORD).await;
    let page = submit(&mut browser, &page, "post").await;
    assert!(page.text().contains(&partner.upn()), "{}", page.text());

    // One is renamed, one goes.
    let gone = |n: u32| format!("dn: {}\nchangetype: delete\n", Numbered(n).dn());
    let renamed = format!(
        "dn: {}\nchangetype: modify\nreplace: displayName\ndisplayName: Renamed\n",
        Numbered(8).dn()
    );
    world.slapd.change(&format!("{renamed}\n{}", gone(9)));
    let (upn, gone_upn) = (Numbered(8).upn(), Numbered(9).upn());
    let told = world.run(&["--apply"], 0);
    let expected = [format!("delete {gone_upn}"), format!("update {upn}")];
    assert_eq!(told.changes(), expected);
    let mut graph = world.graph();
    let user: Value = graph.get(&format!("users/{upn}")).await.expect("the user");
    assert_eq!(user["displayName"], "Renamed");
    let user = graph.get::<Value>(&format!("users/{gone_upn}")).await;
    assert!(user.expect_err("she is gone").is_not_found());

    // Too many go at once.
    let all_gone: Vec<String> = (10..20).map(gone).collect();
    world.slapd.change(&all_gone.join("\n"));
    let refused = world.run(&["--apply"], 1);
    assert_eq!(refused.json["applied"], false);
    assert!(
        refused.stderr.contains("--yes-delete"),
        "{}",
        refused.stderr
    );
    assert_eq!(world.made().await, GUESTS - 1);
    let bounds = [
        "--apply",
        "--most-deleted",
        "9",
        "--most-deleted-percent",
        "50",
    ];
    world.run(&bounds, 1);
    let told = world.run(&["--apply", "--yes-delete"], 0);
    assert_eq!(told.json["run"]["done"], 10);
    assert_eq!(world.made().await, GUESTS - 11);
    let last = world.users().await;
    assert!(before.iter().all(|user| last.contains(user)));
}

#[tokio::test(flavor = "multi_thread")]
async fn graph_may_throttle_refuse_and_lose_answers() {
    let world = World::start();
    let post = |status: u16, more: Value| {
        let mut fault = json!({"method": "POST", "path": "users", "status": status});
        for (name, value) in more.as_object().expect("an object") {
            fault[name] = value.clone();
        }
        fault
    };
    // For longer than anybody waits here.
    world
        .faults(json!([post(429, json!({"retryAfter": 3600}))]))
        .await;
    let told = world.run(&["--apply"], 1);
    assert_eq!(told.failures(), 1);
    assert_eq!(told.json["run"]["notTried"], GUESTS - 1);
    assert!(told.stderr.contains("throttling"), "{}", told.stderr);
    assert_eq!(world.made().await, 0);

    let reads = json!({
        "method": "GET", "path": "users/delta", "status": 503, "retryAfter": 1, "times": 2,
    });
    world
        .faults(json!([
            reads,
            post(429, json!({"retryAfter": 1, "times": 2})),
            post(400, json!({"after": 3})),
            post(502, json!({"after": 5, "done": true})),
        ]))
        .await;
    let begun = Instant::now();
    let told = world.run(&["--apply"], 1);
    assert!(
        begun.elapsed() >= Duration::from_secs(4),
        "it waited as it was told"
    );
    assert_eq!(told.failures(), 2, "{}", told.stderr);
    assert_eq!(told.json["run"]["done"], GUESTS - 2);
    assert_eq!(told.json["run"]["notTried"], 0);
    // The one whose answer was lost is there.
    assert_eq!(world.made().await, GUESTS - 1);
    assert_eq!(world.run(&["--apply"], 0).changes().len(), 1);
    assert_eq!(world.made().await, GUESTS);
    assert_eq!(world.run(&["--apply"], 0).changes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_is_completed_by_the_next() {
    let world = World::start();
    let wait = json!({
        "method": "POST", "path": "users", "status": 429, "retryAfter": 60, "after": 7,
    });
    world.faults(json!([wait])).await;
    let mut run = world
        .command(&["--apply"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("homerealm runs");
    let deadline = Instant::now() + Duration::from_secs(60);
    while world.made().await < 7 {
        assert!(Instant::now() < deadline, "seven are made");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    run.kill().expect("it runs still");
    run.wait().expect("it ends");
    world.faults(json!([])).await;
    assert_eq!(world.made().await, 7);
    assert_eq!(world.run(&["--apply"], 0).changes().len(), GUESTS - 7);
    assert_eq!(world.made().await, GUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn graph_holds_an_application_to_its_rules() {
    let world = World::start();
    let mut graph = world.graph();
    let user = json!({
        "accountEnabled": true,
        "displayName": "New",
        "mail": "new@fabrikam.com",
        "mailNickname": "new",
        "onPremisesImmutableId": "bmV3",
        "passwordProfile": {"password": "not-remembered-1A"},
        "userPrincipalName": format!("new@{FEDERATED_SUFFIX}"),
    });
    let with = |name: &str, value: Value| {
        let mut user = user.clone();
        user[name] = value;
        user
    };
    let without = |name: &str| {
        let mut user = user.clone();
        user.as_object_mut().expect("an object").remove(name);
        user
    };
    let taken = format!("invited@{FEDERATED_SUFFIX}");
    let read_only = "is read-only";
    for (body, said) in [
        (
            with("proxyAddresses", json!(["smtp:a@b.example"])),
            read_only,
        ),
        (
            with("onPremisesUserPrincipalName", json!("a@b.example")),
            read_only,
        ),
        (with("onPremisesSyncEnabled", json!(false)), read_only),
        (without("mailNickname"), "'mailNickname'"),
        (without("passwordProfile"), "'passwordProfile'"),
        (without("accountEnabled"), "'accountEnabled'"),
        (without("onPremisesImmutableId"), "onPremisesImmutableId"),
        (
            with("passwordProfile", json!({"password": "short"})),
            "complexity",
        ),
        (
            with("userPrincipalName", json!(taken)),
            "property userPrincipalName already",
        ),
        (
            with("onPremisesImmutableId", json!("aW52aXRlZA==")),
            "onPremisesImmutableId already",
        ),
        (
            with("userPrincipalName", json!("new@elsewhere.example")),
            "verified domain",
        ),
    ] {
        let refused = graph.post::<Value>("users", &body).await;
        let refused = refused.expect_err(said).to_string();
        assert!(
            refused.contains("400") && refused.contains(said),
            "{refused}"
        );
    }
    let made: Value = graph.post("users", &user).await.expect("made");
    assert_eq!(made["proxyAddresses"], json!(["SMTP:new@fabrikam.com"]));
    assert!(!made.to_string().contains("not-remembered"));
    // The address before stays as another one; of a synced user nothing changes.
    let path = format!("users/{}", made["id"].as_str().expect("an id"));
    let mail = json!({"mail": "newer@fabrikam.com"});
    graph.patch(&path, &mail).await.expect("changed");
    let changed: Value = graph.get(&path).await.expect("the user");
    let addresses = json!(["SMTP:newer@fabrikam.com", "smtp:new@fabrikam.com"]);
    assert_eq!(changed["proxyAddresses"], addresses);
    let synced = format!("users/connected@{FEDERATED_SUFFIX}");
    assert!(graph.patch(&synced, &mail).await.is_err());
    assert!(graph.delete(&synced).await.is_err());
}
