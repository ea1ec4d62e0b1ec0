//! What node-saml makes of Homerealm's answers, and Homerealm of its requests.

use std::{
    fs,
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use homerealm::http::client::{Client, Reply};
use serde_json::{Value, json};

use crate::{
    Change, SLAPD, WENDY, WENDYS_ANCHOR, WENDYS_UPN,
    provider::{
        ACS, ISSUER, Options, Posted, Provider, SP, is_sign_in_page, posted, type_password,
    },
    recipe,
    slapd::{Numbered, PASSWORD},
    strangers::{node_environment, tool},
};

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// A relying party as node-saml wants it: it asks for a signature of the Response, too, unless it
/// is told otherwise.
const CLIENT: &str = r#"
preset = "saml2"
access = "everyone"
sign_response = true
name_id = { email-address = "email" }
[[relying_party.claim]]
name = "urn:oid:0.9.2342.19200300.100.1.3"
from = "email"
[[relying_party.claim]]
name = "upn"
from = "cloud-upn"
[[relying_party.claim]]
name = "title"
from = { attribute = "title" }
"#;

/// Beside them, where its requests are to be signed.
const SIGNED: &str = "request_signatures = \"required\"\nrequest_certificates = [\"sp.crt\"]\n";

fn provider(relying_party: &str) -> Provider {
    let options = Options {
        relying_party: relying_party.to_owned().leak(),
        ..Options::default()
    };
    Provider::start(&SLAPD, options)
}

/// One node-saml, which remembers what it asked.
struct NodeSaml {
    child: Child,
    /// What it calls the binding of its requests.
    binding: &'static str,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl NodeSaml {
    /// With what it needs to know of the provider, and these options.
    fn new(provider: &Provider, options: &Value) -> Self {
        let file = |name: &str| fs::read_to_string(provider.file(name)).expect("a file");
        let mut all = json!({
            "entryPoint": provider.url("/saml2/sso").to_string(),
            "issuer": SP,
            "callbackUrl": ACS,
            "idpCert": file("signing.crt"),
            "idpIssuer": ISSUER,
            "validateInResponseTo": "always",
        });
        for (name, value) in options.as_object().expect("options") {
            all[name] = match value.as_str() {
                Some(path)
                    if ["privateKey", "idpCert", "decryptionPvk"].contains(&name.as_str()) =>
                {
                    json!(file(path))
                }
                _ => value.clone(),
            };
        }
        Self::start(
            &all.to_string(),
            options["authnRequestBinding"] == "HTTP-POST",
        )
    }

    /// With these options, as they are written in a program.
    fn start(options: &str, by_post: bool) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/node_saml_sp.js");
        let mut child = Command::new(tool("node"))
            .arg(script)
            .arg(node_environment())
            .arg(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        Self {
            orders: child.stdin.take().expect("its input"),
            answers: BufReader::new(child.stdout.take().expect("its output")),
            child,
            binding: if by_post { "post" } else { "redirect" },
        }
    }

    fn tell(&mut self, order: &Value) -> Value {
        writeln!(self.orders, "{order}").expect("node takes orders");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("node is gone: {line}"))
    }

    /// Has it ask, and gives the page that comes back.
    async fn ask(&mut self, provider: &Provider, browser: &mut Client) -> Reply {
        let asked = self.tell(&json!({"do": self.binding}));
        if let Some(url) = asked["url"].as_str() {
            return browser
                .get(&url.parse().expect("a URL"), None)
                .await
                .expect("an answer");
        }
        let fields = asked["fields"].as_object();
        let fields: Vec<(String, String)> = fields
            .unwrap_or_else(|| panic!("{asked}"))
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
            .collect();
        let url = provider.url("/saml2/sso");
        let page = browser.post_form(&url, &fields, None).await;
        page.expect("an answer")
    }

    /// Has it ask, and signs Wendy in, by her password or by her session.
    async fn sign_in(&mut self, provider: &Provider, browser: &mut Client) -> Posted {
        let mut page = self.ask(provider, browser).await;
        if is_sign_in_page(&page) {
            page = type_password(browser, &page, WENDY, PASSWORD).await;
        }
        posted(&page)
    }

    /// Its judgement of an answer: who signed in, or why not.
    fn judge(&mut self, document: &str) -> Result<Value, String> {
        let base64 = STANDARD.encode(document);
        let judged = self.tell(&json!({"do": "response", "SAMLResponse": base64}));
        match judged["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(judged["profile"].clone()),
        }
    }
}

impl Drop for NodeSaml {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn it_reads_who_signed_in() {
    let signing = json!({"privateKey": "sp.key", "signatureAlgorithm": "sha256"});
    let by_post = json!({"authnRequestBinding": "HTTP-POST", "skipRequestCompression": true});
    let mut signing_by_post = by_post.clone();
    signing_by_post["privateKey"] = json!("sp.key");
    signing_by_post["signatureAlgorithm"] = json!("sha256");
    signing_by_post["digestAlgorithm"] = json!("sha256");
    for (keys, options) in [
        ("", json!({})),
        ("", by_post.clone()),
        (SIGNED, signing),
        (SIGNED, signing_by_post),
    ] {
        let lines = CLIENT.replacen("[[", &format!("{keys}[["), 1);
        let provider = provider(&lines);
        let mut client = NodeSaml::new(&provider, &options);
        let mut browser = provider.browser();
        let page = client.ask(&provider, &mut browser).await;
        let answer = posted(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
        assert_eq!(answer.action, ACS);
        assert_eq!(answer.relay_state.as_deref(), Some("state-of-the-sp"));
        let profile = client.judge(&answer.document).expect("it takes the answer");
        assert_eq!(profile["nameID"], WENDY, "{profile}");
        assert_eq!(profile["nameIDFormat"], EMAIL);
        assert_eq!(profile["issuer"], ISSUER);
        let to = profile["inResponseTo"].as_str().expect("an ID");
        let expected = format!("InResponseTo=\"{to}\"");
        assert!(answer.document.contains(&expected), "{profile}");
        assert!(profile["sessionIndex"].is_string());
        assert_eq!(profile["urn:oid:0.9.2342.19200300.100.1.3"], WENDY);
        assert_eq!(profile["upn"], WENDYS_UPN);
        assert_eq!(profile["title"], json!(["Auditor", "Editor"]));

        // The same again: it has forgotten the request, which was answered.
        let again = client.judge(&answer.document).expect_err("a replay");
        assert!(again.contains("InResponseTo"), "{again}");
        // And by the session.
        let answer = client.sign_in(&provider, &mut browser).await;
        let profile = client.judge(&answer.document).expect("it takes the answer");
        assert_eq!(profile["nameID"], WENDY);
    }
}

#[tokio::test]
async fn the_recipe_works() {
    let page = "node-saml.md";
    let lines =
        recipe(page, "toml", "[[relying_party]]").replace("/etc/homerealm/app.crt", "sp.crt");
    let provider = provider(&format!("preset = \"entra\"\n{lines}"));
    let file = |name: &str| provider.file(name).to_str().expect("UTF-8").to_owned();
    let sso = provider.url("/saml2/sso").to_string();
    let options = recipe(page, "js", "const saml = new SAML(")
        .replace("https://login.contoso.com/saml2/sso", &sso)
        .replace("/etc/app/homerealm.crt", &file("signing.crt"))
        .replace("/etc/app/app.key", &file("sp.key"));
    let (_, options) = options.split_once('(').expect("the options");
    let (options, _) = options.rsplit_once(')').expect("their end");
    let mut client = NodeSaml::start(options, false);
    let answer = client.sign_in(&provider, &mut provider.browser()).await;
    assert_eq!(answer.action, "https://app.contoso.com/saml/acs");
    let profile = client.judge(&answer.document).expect("it takes the answer");
    assert_eq!(profile["nameID"], WENDY);
    assert_eq!(profile["upn"], WENDYS_UPN);
}

#[tokio::test]
async fn it_reads_what_is_encrypted_to_it() {
    for algorithm in ["aes256-gcm", "aes128-gcm"] {
        let keys = format!(
            "encryption_certificate = \"sp.crt\"\nencryption_algorithm = \"{algorithm}\"\n[["
        );
        let provider = provider(&CLIENT.replacen("[[", &keys, 1));
        let mut browser = provider.browser();
        for (key, told) in [("sp.key", None), ("signing.key", Some("rror"))] {
            let mut client = NodeSaml::new(&provider, &json!({"decryptionPvk": key}));
            let answer = client.sign_in(&provider, &mut browser).await;
            assert!(!answer.document.contains(WENDY), "{}", answer.document);
            match (client.judge(&answer.document), told) {
                (Ok(profile), None) => assert_eq!(profile["nameID"], WENDY),
                (Err(error), Some(told)) => assert!(error.contains(told), "{error}"),
                (judged, _) => panic!("{algorithm} {key}: {judged:?}"),
            }
        }
    }
}

#[tokio::test]
async fn some_of_its_own_choices_are_refused() {
    let by_post = json!({"authnRequestBinding": "HTTP-POST"});
    let by_sha1 = json!({"privateKey": "sp.key"});
    let digest_by_sha1 = json!({
        "privateKey": "sp.key",
        "signatureAlgorithm": "sha256",
        "authnRequestBinding": "HTTP-POST",
        "skipRequestCompression": true,
    });
    for (keys, options, told) in [
        ("", by_post, "the text is not UTF-8"),
        (SIGNED, by_sha1, "SigAlg is not permitted"),
        (SIGNED, digest_by_sha1, "digest algorithm is not permitted"),
        (SIGNED, json!({}), "not signed"),
    ] {
        let provider = provider(&CLIENT.replacen("[[", &format!("{keys}[["), 1));
        let mut client = NodeSaml::new(&provider, &options);
        let page = client.ask(&provider, &mut provider.browser()).await;
        assert_eq!(page.status, 400, "{told}");
        let line = &provider.audit("request-refused", 1)[0];
        let cause = line["cause"].as_str().expect("a cause");
        assert!(cause.contains(told), "{cause}");
    }
}

#[tokio::test]
async fn it_refuses_what_was_changed_or_is_for_somebody_else() {
    let provider = provider(CLIENT);
    let mut browser = provider.browser();
    let another = Numbered(0).mail();
    let swapped = |document: &str| document.replace(WENDY, &another);
    let kept = |document: &str| document.to_owned();
    let changes: [(Value, Change<'_>, &str); 4] = [
        (json!({}), &swapped, "Invalid document signature"),
        (
            json!({"wantAuthnResponseSigned": false}),
            &swapped,
            "Invalid signature",
        ),
        (
            json!({"idpCert": "sp.crt"}),
            &kept,
            "Invalid document signature",
        ),
        (
            json!({"audience": "https://elsewhere.test"}),
            &kept,
            "audience",
        ),
    ];
    for (options, change, told) in changes {
        let mut client = NodeSaml::new(&provider, &options);
        let answer = client.sign_in(&provider, &mut browser).await;
        let refused = client.judge(&change(&answer.document));
        let refused = refused.expect_err(told);
        assert!(refused.contains(told), "{told}: {refused}");
        // What it was not asked for, another one of its kind takes as little.
        let refused = NodeSaml::new(&provider, &json!({})).judge(&answer.document);
        let refused = refused.expect_err("never asked for");
        assert!(refused.contains("InResponseTo"), "{refused}");
    }
}

#[tokio::test]
async fn a_response_without_a_signature_of_its_own_needs_its_option() {
    let lines = CLIENT
        .replace("sign_response = true", "")
        .replace(r#"{ email-address = "email" }"#, r#""immutable-id""#);
    let provider = provider(&lines);
    let mut browser = provider.browser();
    for (wanted, told) in [(true, Some("Invalid document signature")), (false, None)] {
        let options = json!({"wantAuthnResponseSigned": wanted, "identifierFormat": PERSISTENT});
        let mut client = NodeSaml::new(&provider, &options);
        let answer = client.sign_in(&provider, &mut browser).await;
        match (client.judge(&answer.document), told) {
            (Ok(profile), None) => {
                assert_eq!(profile["nameID"], WENDYS_ANCHOR);
                assert_eq!(profile["nameIDFormat"], PERSISTENT);
            }
            (Err(error), Some(told)) => assert!(error.contains(told), "{error}"),
            (judged, _) => panic!("{wanted}: {judged:?}"),
        }
    }
}

#[tokio::test]
async fn it_reads_why_nobody_signed_in() {
    let provider = provider(CLIENT);
    for (options, told) in [
        (json!({"passive": true}), None),
        (
            json!({"authnContext": ["http://schemas.microsoft.com/claims/multipleauthn"]}),
            Some("not offered"),
        ),
        (
            json!({"identifierFormat": PERSISTENT}),
            Some("not issued here"),
        ),
    ] {
        let mut client = NodeSaml::new(&provider, &options);
        let mut browser = provider.browser();
        let page = client.ask(&provider, &mut browser).await;
        match (client.judge(&posted(&page).document), told) {
            // NoPassive is no error to it, but only where the Response is signed.
            (Ok(profile), None) => assert!(profile.is_null(), "{profile}"),
            (Err(error), Some(told)) => assert!(error.contains(told), "{error}"),
            (judged, _) => panic!("{options}: {judged:?}"),
        }
    }
}
