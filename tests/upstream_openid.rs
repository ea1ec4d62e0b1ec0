//! An upstream by OpenID Connect as it is run elsewhere: oidc-provider of the Node world, over HTTPS,
//! with a browser in between.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod strangers;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use homerealm::{
    http::{
        Form, PageForm,
        client::{Client, Reply},
        tls::{LocalCa, client_config},
    },
    keys::{KeyRing, Signer, create_signing_key},
    openid::ClientAuthentication,
    realm::{DomainName, EmailAddress},
    upstream::{
        Ask, Asserted, Expected, Factors, Leaving, SpeaksFor, Terms, Upstream, UpstreamError,
        UpstreamProtocol,
        openid::{OpenId, Settings, SeveralFactors, Verified},
    },
};
use rustls::ClientConfig;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

const REDIRECT: &str = "https://idp.contoso.com/upstream/openid/callback";
const WENDY: &str = "wmoran@fabrikam.com";
const SECRET: &str = "a secret of the tests: with a colon & more";

/// The provider, which ends with this.
struct Provider {
    child: Child,
    issuer: String,
    tls: Arc<ClientConfig>,
    ours: KeyRing,
    /// The key that the client "signer" proves itself with.
    signer: Arc<Signer>,
    _folder: tempfile::TempDir,
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Provider {
    fn start(conforming: bool, claims: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = LocalCa::new().expect("a CA");
        let issued = ca.issue(&["localhost"]).expect("a certificate");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("written");
            path
        };
        let certificate = file("server.crt", &issued.chain_pem);
        let key = file("server.key", &issued.key_pem);
        let signer = Arc::new(create_signing_key("client", 1).expect("a key").signer);
        let client = |id: &str, algorithm: &str, method: &str| {
            let mut client = json!({
                "client_id": id,
                "redirect_uris": [REDIRECT],
                "id_token_signed_response_alg": algorithm,
                "token_endpoint_auth_method": method,
            });
            if method == "private_key_jwt" {
                client["certificate"] = json!(signer.certificate().to_pem());
            } else {
                client["client_secret"] = json!(SECRET);
            }
            client
        };
        let options = json!({
            "conforming": conforming,
            "claims": claims,
            "clients": [
                client("homerealm", "RS256", "client_secret_basic"),
                client("of:the & rest", "ES256", "client_secret_basic"),
                client("signer", "PS256", "private_key_jwt"),
                client("another", "RS256", "client_secret_basic"),
            ],
        });
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/oidc_provider.mjs");
        let mut child = Command::new(strangers::tool("node"))
            .arg(script)
            .arg(strangers::node_environment())
            .args([certificate, key])
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        output.read_line(&mut line).expect("a line");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let ours = create_signing_key("ours", 1).expect("a key").signer;
        Self {
            child,
            issuer: said["issuer"].as_str().expect("an issuer").to_owned(),
            tls: client_config(&[ca.ca_pem().as_bytes()]).expect("TLS"),
            ours: KeyRing::new(ours, None),
            signer,
            _folder: folder,
        }
    }

    fn upstream(&self, client_id: &str) -> Upstream {
        let secret = SECRET.to_owned().into();
        self.upstream_by(client_id, ClientAuthentication::Secret(secret))
    }

    fn upstream_by(&self, client_id: &str, authentication: ClientAuthentication) -> Upstream {
        Upstream {
            terms: Terms {
                name: "fabrikam".to_owned(),
                display_name: "Fabrikam".to_owned(),
                speaks_for: SpeaksFor {
                    domains: vec![DomainName::parse("fabrikam.com").expect("a domain")],
                    addresses: Vec::new(),
                },
                trusted_for_mfa: true,
            },
            protocol: UpstreamProtocol::OpenId(OpenId::new(Settings {
                issuer: self.issuer.clone(),
                client_id: client_id.to_owned(),
                authentication,
                redirect_uri: REDIRECT.to_owned(),
                scopes: vec!["email".to_owned()],
                address_claim: "email".to_owned(),
                verified: Verified::IfClaimed("email_verified".to_owned()),
                several_factors: SeveralFactors::default(),
                clock_skew: Duration::ZERO,
                tls: self.tls.clone(),
            })),
        }
    }

    fn browser(&self) -> Client {
        Client::new(self.tls.clone())
    }

    async fn ask(&self, upstream: &Upstream, fresh: bool) -> Leaving {
        let ask = Ask {
            login_hint: Some(WENDY),
            fresh,
            several_factors: false,
            handle: "h4ndle",
            // Whole seconds are all that a token knows.
            now: now(),
        };
        upstream.ask(&ask, &self.ours).await.expect("a question")
    }

    /// A whole sign-in, of whoever types this name.
    async fn sign_in(
        &self,
        upstream: &Upstream,
        name: &str,
        factors: &str,
    ) -> Result<Asserted, UpstreamError> {
        let leaving = self.ask(upstream, false).await;
        let answer = walk(&mut self.browser(), &leaving.address, name, factors).await;
        receive(upstream, &answer.query, &leaving.expected).await
    }
}

fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).expect("a whole second")
}

async fn receive(
    upstream: &Upstream,
    query: &str,
    expected: &Expected,
) -> Result<Asserted, UpstreamError> {
    let query = Form::parse(query.as_bytes()).expect("a query");
    upstream
        .receive_openid(&query, expected, OffsetDateTime::now_utc())
        .await
}

/// What comes back to us, and whether the provider asked who it is.
struct Answer {
    query: String,
    asked: bool,
}

/// The browser's way through the provider.
async fn walk(browser: &mut Client, address: &str, name: &str, factors: &str) -> Answer {
    let mut asked = false;
    let mut page: Reply = browser
        .get(&address.parse().expect("an address"), None)
        .await
        .expect("an answer");
    for _ in 0..8 {
        if page.status.is_redirection() {
            let next = page.location().expect("a place");
            if next.host() == Some("idp.contoso.com") {
                let query = next.query().unwrap_or_default().to_owned();
                return Answer { query, asked };
            }
            page = browser.get(&next, Some(&page)).await.expect("an answer");
            continue;
        }
        let text = page.text();
        assert_eq!(page.status, 200, "{text}");
        asked = true;
        let mut form = PageForm::find(&text, None).expect("a form");
        assert_eq!(form.field("name"), Some(WENDY), "the hint");
        form.fill("name", name).expect("a field");
        form.fill("factors", factors).expect("a field");
        let action = page.resolve(&form.action).expect("an address");
        page = browser
            .post_form(&action, &form.fields, Some(&page))
            .await
            .expect("an answer");
    }
    panic!("it goes on and on")
}

fn wendy() -> EmailAddress {
    EmailAddress::parse(WENDY).expect("an address")
}

#[tokio::test]
async fn each_way_of_signing_and_of_proving_who_we_are() {
    let provider = Provider::start(true, false);
    let signer = ClientAuthentication::Key(provider.signer.clone());
    for upstream in [
        provider.upstream("homerealm"),
        provider.upstream("of:the & rest"),
        provider.upstream_by("signer", signer),
    ] {
        let asserted = provider
            .sign_in(&upstream, WENDY, "")
            .await
            .expect("asserted");
        assert_eq!(*asserted.address(), wendy());
        assert_eq!(asserted.factors(), Factors::One);
    }
}

/// Where claims of scopes are in the ID token; and where it may be asked to have them there.
#[tokio::test]
async fn wherever_the_address_is_and_what_she_used() {
    for (conforming, claims) in [(false, false), (true, true)] {
        let provider = Provider::start(conforming, claims);
        let upstream = provider.upstream("homerealm");
        for (factors, told) in [("", Factors::One), ("two", Factors::Several)] {
            let asserted = provider.sign_in(&upstream, WENDY, factors).await;
            let asserted = asserted.expect("asserted");
            assert_eq!(*asserted.address(), wendy());
            assert_eq!(asserted.factors(), told);
        }
    }
}

#[tokio::test]
async fn who_is_not_to_be_asserted() {
    let provider = Provider::start(true, false);
    let upstream = provider.upstream("homerealm");
    let foreign = provider.sign_in(&upstream, "ceo@contoso.com", "").await;
    let expected = UpstreamError::ForeignAddress("ceo@contoso.com".to_owned());
    assert_eq!(foreign.expect_err("foreign"), expected);
    let unverified = provider
        .sign_in(&upstream, "unverified@fabrikam.com", "")
        .await;
    assert!(
        matches!(unverified, Err(UpstreamError::NoAddress(_))),
        "{unverified:?}"
    );
    let gave_up = provider.sign_in(&upstream, "", "").await;
    assert!(
        matches!(gave_up, Err(UpstreamError::Refused(_))),
        "{gave_up:?}"
    );
    let wrong = ClientAuthentication::Secret("another".to_owned().into());
    let upstream = provider.upstream_by("homerealm", wrong);
    let us = provider.sign_in(&upstream, WENDY, "").await;
    assert!(matches!(us, Err(UpstreamError::Ours(_))), "{us:?}");
}

#[tokio::test]
async fn a_code_counts_once_for_one_question_of_one_client() {
    let provider = Provider::start(true, false);
    let upstream = provider.upstream("homerealm");
    let mut browser = provider.browser();
    let first = provider.ask(&upstream, false).await;
    let answer = walk(&mut browser, &first.address, WENDY, "").await;
    assert!(answer.query.contains("state=h4ndle"), "{}", answer.query);
    assert!(
        receive(&upstream, &answer.query, &first.expected)
            .await
            .is_ok()
    );
    // Again.
    let replayed = receive(&upstream, &answer.query, &first.expected).await;
    assert!(
        matches!(replayed, Err(UpstreamError::Invalid(_))),
        "{replayed:?}"
    );

    // A code of one browser slipped into the question of another: it has no verifier for it.
    let (mine, hers) = (
        provider.ask(&upstream, false).await,
        provider.ask(&upstream, false).await,
    );
    let answer = walk(&mut browser, &mine.address, WENDY, "").await;
    let slipped_in = receive(&upstream, &answer.query, &hers.expected).await;
    assert!(
        matches!(slipped_in, Err(UpstreamError::Invalid(_))),
        "{slipped_in:?}"
    );

    // With the verifier, too, the nonce is another.
    let mine = provider.ask(&upstream, false).await;
    let answer = walk(&mut browser, &mine.address, WENDY, "").await;
    let other_nonce = Expected {
        request_id: hers.expected.request_id.clone(),
        ..mine.expected.clone()
    };
    let refused = receive(&upstream, &answer.query, &other_nonce).await;
    assert!(
        matches!(refused, Err(UpstreamError::NotAsked(_))),
        "{refused:?}"
    );

    // A code for another client of the same provider.
    let another = provider.upstream("another");
    let theirs = provider.ask(&another, false).await;
    let answer = walk(&mut browser, &theirs.address, WENDY, "").await;
    let refused = receive(&upstream, &answer.query, &theirs.expected).await;
    assert!(
        matches!(refused, Err(UpstreamError::Invalid(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_answer_says_whose_it_is() {
    let provider = Provider::start(true, false);
    let upstream = provider.upstream("homerealm");
    let leaving = provider.ask(&upstream, false).await;
    let answer = walk(&mut provider.browser(), &leaving.address, WENDY, "").await;
    let parts: Vec<&str> = answer.query.split('&').collect();
    let without = |name: &str| {
        let prefix = format!("{name}=");
        let kept = parts.iter().filter(|part| !part.starts_with(&prefix));
        kept.copied().collect::<Vec<_>>().join("&")
    };
    for lacking in ["iss", "state"] {
        let query = without(lacking);
        assert_ne!(query, answer.query, "{lacking}");
        let refused = receive(&upstream, &query, &leaving.expected).await;
        assert!(
            matches!(refused, Err(UpstreamError::NotAsked(_))),
            "{refused:?}"
        );
    }
    let mixed_up = format!("{}&iss=https%3A%2F%2Fevil.example", without("iss"));
    let refused = receive(&upstream, &mixed_up, &leaving.expected).await;
    assert!(
        matches!(refused, Err(UpstreamError::NotAsked(_))),
        "{refused:?}"
    );
    // None of these has spent the code.
    assert!(
        receive(&upstream, &answer.query, &leaving.expected)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_new_proof_is_a_new_one() {
    let provider = Provider::start(true, false);
    let upstream = provider.upstream("homerealm");
    let mut browser = provider.browser();
    let first = provider.ask(&upstream, true).await;
    let answer = walk(&mut browser, &first.address, WENDY, "").await;
    assert!(answer.asked);
    let proven = receive(&upstream, &answer.query, &first.expected).await;
    let proven = proven.expect("asserted").authn_instant();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;

    // Who has a session there is not asked again ...
    let second = provider.ask(&upstream, false).await;
    let answer = walk(&mut browser, &second.address, WENDY, "").await;
    assert!(!answer.asked);
    assert!(
        receive(&upstream, &answer.query, &second.expected)
            .await
            .is_ok()
    );

    // ... unless a new proof is wished for. Who leaves that out of the address is found out, whether
    // the provider then says when the proof was given or not.
    for left_out in [["&prompt=login", "&max_age=0"], ["&prompt=login", ""]] {
        let third = provider.ask(&upstream, true).await;
        let mut address = third.address.clone();
        for part in left_out.into_iter().filter(|part| !part.is_empty()) {
            assert!(address.contains(part));
            address = address.replace(part, "");
        }
        let address = address.replace("max_age=0", "max_age=3600");
        let answer = walk(&mut browser, &address, WENDY, "").await;
        assert!(!answer.asked);
        let refused = receive(&upstream, &answer.query, &third.expected).await;
        let said = matches!(
            refused,
            Err(UpstreamError::NotFresh | UpstreamError::Invalid(_))
        );
        assert!(said, "{refused:?}");
    }
    let fourth = provider.ask(&upstream, true).await;
    let answer = walk(&mut browser, &fourth.address, WENDY, "").await;
    assert!(answer.asked);
    let again = receive(&upstream, &answer.query, &fourth.expected).await;
    assert!(again.expect("asserted").authn_instant() > proven);
}
