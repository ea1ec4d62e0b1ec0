//! The client against a provider that answers whatever a test wants. What a real one answers is seen
//! in `tests/upstream_openid.rs`.

use std::sync::Mutex;

use hyper::StatusCode;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::*;
use crate::{
    http::{
        Request, ResponseFuture, Service, response,
        server::Server,
        tls::{LocalCa, client_config},
    },
    openid::{ClientAuthentication, TestIssuer},
    realm::{DomainName, EmailAddress},
    upstream::{Factors, SpeaksFor, Upstream, UpstreamProtocol},
};

const NOW: i64 = 1_790_000_000;
const REDIRECT: &str = "https://idp.contoso.com/upstream/openid/callback";

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap()
}

/// What the provider answers, by path, and what it was asked.
#[derive(Clone, Default)]
struct Provider(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answers: Vec<(&'static str, StatusCode, String)>,
    asked: Vec<Request>,
}

impl Provider {
    fn answer(&self, path: &'static str, status: StatusCode, body: impl Into<String>) {
        let mut state = self.0.lock().unwrap();
        state.answers.retain(|(known, ..)| *known != path);
        state.answers.push((path, status, body.into()));
    }

    fn give(&self, path: &'static str, body: &Value) {
        self.answer(path, StatusCode::OK, body.to_string());
    }

    fn asked(&self, path: &str) -> Vec<Request> {
        let state = self.0.lock().unwrap();
        let asked = state.asked.iter().filter(|request| request.path == path);
        asked.cloned().collect()
    }
}

impl Service for Provider {
    fn handle(&self, request: Request) -> ResponseFuture<'_> {
        let mut state = self.0.lock().unwrap();
        let answer = state
            .answers
            .iter()
            .find(|(path, ..)| *path == request.path);
        let (status, body) = match answer {
            Some((_, status, body)) => (*status, body.clone()),
            None => (StatusCode::NOT_FOUND, String::new()),
        };
        state.asked.push(request);
        Box::pin(async move { response::typed(status, "application/json", body) })
    }
}

struct World {
    provider: Provider,
    issuer: TestIssuer,
    address: String,
    upstream: Upstream,
    stop: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

const DISCOVERY: &str = "/.well-known/openid-configuration";

impl World {
    async fn start() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    async fn with(change: impl Fn(&mut Value), settle: impl Fn(&mut Settings)) -> Self {
        let ca = LocalCa::new().unwrap();
        let tls = ca.issue(&["localhost"]).unwrap().server_config().unwrap();
        let server = Server::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = format!("https://localhost:{}", server.local_addr().unwrap().port());
        let (provider, stop) = (Provider::default(), CancellationToken::new());
        let service = Arc::new(provider.clone());
        tokio::spawn(server.with_tls(tls).serve(service, stop.clone()));
        let issuer = TestIssuer::new();
        let mut discovery = json!({
            "issuer": address,
            "authorization_endpoint": format!("{address}/authorize"),
            "token_endpoint": format!("{address}/token"),
            "jwks_uri": format!("{address}/keys"),
        });
        change(&mut discovery);
        provider.give(DISCOVERY, &discovery);
        provider.give("/keys", &issuer.key_set());
        let mut settings = Settings {
            issuer: address.clone(),
            client_id: "homerealm".to_owned(),
            authentication: ClientAuthentication::Secret(Zeroizing::new("s3cret".to_owned())),
            redirect_uri: REDIRECT.to_owned(),
            scopes: vec!["email".to_owned()],
            address_claim: "email".to_owned(),
            verified: Verified::IfClaimed("email_verified".to_owned()),
            several_factors: SeveralFactors::default(),
            clock_skew: time::Duration::seconds(60),
            tls: client_config(&[ca.ca_pem().as_bytes()]).unwrap(),
        };
        settle(&mut settings);
        let upstream = Upstream {
            terms: Terms {
                name: "fabrikam".to_owned(),
                display_name: "Fabrikam".to_owned(),
                speaks_for: SpeaksFor {
                    domains: vec![DomainName::parse("fabrikam.com").unwrap()],
                    addresses: vec![EmailAddress::parse("wendy@gmail.com").unwrap()],
                },
                trusted_for_mfa: true,
            },
            protocol: UpstreamProtocol::OpenId(OpenId::new(settings)),
        };
        Self {
            provider,
            issuer,
            address,
            upstream,
            stop,
        }
    }

    async fn leave(&self, change: impl Fn(&mut Ask<'_>)) -> Result<Leaving, UpstreamError> {
        let mut ask = Ask {
            login_hint: Some("wmoran@fabrikam.com"),
            fresh: false,
            several_factors: false,
            handle: "h4ndle",
            now: now(),
        };
        change(&mut ask);
        let UpstreamProtocol::OpenId(openid) = &self.upstream.protocol else {
            unreachable!()
        };
        openid.ask(&self.upstream.terms, &ask).await
    }

    /// The token endpoint hands out an ID token that answers this question, but for a change.
    fn answer(&self, expected: &Expected, change: Value) {
        let token = self.issuer.rs256(&self.claims(expected, change));
        let tokens = json!({"id_token": token, "access_token": "at", "token_type": "Bearer"});
        self.provider.give("/token", &tokens);
    }

    fn claims(&self, expected: &Expected, change: Value) -> Value {
        let mut claims = json!({
            "iss": self.address,
            "aud": "homerealm",
            "sub": "wendy's number",
            "nonce": expected.request_id,
            "iat": NOW + 5,
            "exp": NOW + 300,
            "auth_time": NOW - 3600,
            "email": "wmoran@fabrikam.com",
            "email_verified": true,
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    async fn receive(&self, query: &str, expected: &Expected) -> Result<Asserted, UpstreamError> {
        let query = Form::parse(query.as_bytes()).unwrap();
        self.upstream.receive_openid(&query, expected, now()).await
    }

    /// A whole sign-in whose ID token has this change.
    async fn sign_in(&self, change: Value) -> Result<Asserted, UpstreamError> {
        let leaving = self.leave(|_| {}).await?;
        self.answer(&leaving.expected, change);
        self.receive("code=c0de&state=h4ndle", &leaving.expected)
            .await
    }
}

#[tokio::test]
async fn she_is_asserted_by_the_address_that_she_proved() {
    let world = World::start().await;
    let leaving = world.leave(|_| {}).await.unwrap();
    let (endpoint, query) = leaving.address.split_once('?').unwrap();
    assert_eq!(endpoint, format!("{}/authorize", world.address));
    let asked = Form::parse(query.as_bytes()).unwrap();
    let value = |name| asked.single(name).unwrap();
    assert_eq!(value("scope"), Some("openid email"));
    assert_eq!(value("state"), Some("h4ndle"));
    assert_eq!(value("nonce"), Some(&*leaving.expected.request_id));
    assert_eq!(value("redirect_uri"), Some(REDIRECT));
    assert_eq!(value("login_hint"), Some("wmoran@fabrikam.com"));
    assert_eq!(value("claims"), None);
    assert_eq!(value("acr_values"), None);

    world.answer(&leaving.expected, json!({}));
    let asserted = world
        .receive("code=c0de&state=h4ndle", &leaving.expected)
        .await
        .unwrap();
    let wendy = EmailAddress::parse("wmoran@fabrikam.com").unwrap();
    assert_eq!(asserted.upstream(), "fabrikam");
    assert_eq!(*asserted.address(), wendy);
    assert_eq!(asserted.factors(), Factors::One);
    assert_eq!(asserted.authn_instant().unix_timestamp(), NOW - 3600);

    let redeemed = world.provider.asked("/token");
    let [redeemed] = &redeemed[..] else {
        panic!("{redeemed:?}")
    };
    let sent = redeemed.form().unwrap();
    let verifier = sent.single("code_verifier").unwrap().unwrap();
    let challenge = CodeVerifier::kept(verifier).challenge();
    assert_eq!(value("code_challenge"), Some(&*challenge));
    assert_eq!(sent.single("code").unwrap(), Some("c0de"));
    assert_eq!(sent.single("redirect_uri").unwrap(), Some(REDIRECT));
    assert_eq!(
        redeemed.header("authorization"),
        Some("Basic aG9tZXJlYWxtOnMzY3JldA==")
    );
}

#[tokio::test]
async fn questions_are_never_the_same() {
    let world = World::start().await;
    let (a, b) = (world.leave(|_| {}).await, world.leave(|_| {}).await);
    let (a, b) = (a.unwrap().expected, b.unwrap().expected);
    assert_ne!(a.request_id, b.request_id);
    assert_ne!(a.code_verifier, b.code_verifier);
    assert_eq!(world.provider.asked(DISCOVERY).len(), 1);
}

#[tokio::test]
async fn whom_it_does_not_speak_for_it_cannot_assert() {
    let world = World::start().await;
    for foreign in [
        "ceo@contoso.com",
        "wmoran@adatum.com",
        "wmoran@sub.fabrikam.com",
        "wmoran@fabrikam.com.evil.example",
        "mallory@gmail.com",
    ] {
        let refused = world
            .sign_in(json!({ "email": foreign }))
            .await
            .unwrap_err();
        assert_eq!(refused, UpstreamError::ForeignAddress(foreign.to_owned()));
    }
    for bad in [
        "wmoran",
        "",
        "a@b@fabrikam.com",
        "wmoran@fabrikam.com\n",
        "wmoran@fabrikam.com\u{0}",
    ] {
        let refused = world.sign_in(json!({ "email": bad })).await;
        assert!(
            matches!(refused, Err(UpstreamError::NoAddress(_))),
            "{bad:?}"
        );
    }
    let whole = world.sign_in(json!({"email": "Wendy@GMail.com"})).await;
    assert!(whole.is_ok());
    for unverified in [json!(false), json!(null)] {
        let refused = world.sign_in(json!({ "email_verified": unverified })).await;
        assert!(matches!(refused, Err(UpstreamError::NoAddress(_))));
    }
}

#[tokio::test]
async fn several_factors_count_from_whom_we_trust_to_say_so() {
    let mut world = World::start().await;
    let asked = world.leave(|ask| ask.several_factors = true).await.unwrap();
    assert!(
        asked
            .address
            .contains("acr_values=https%3A%2F%2Frefeds.org%2Fprofile%2Fmfa")
    );
    let several = json!({"amr": ["pwd", "mfa"]});
    let trusted = world.sign_in(several.clone()).await.unwrap();
    assert_eq!(trusted.factors(), Factors::Several);
    assert_eq!(
        world.sign_in(json!({})).await.unwrap().factors(),
        Factors::One
    );
    let odd = json!({"amr": "mfa"});
    assert!(world.sign_in(odd.clone()).await.is_err());
    world.upstream.terms.trusted_for_mfa = false;
    assert!(world.sign_in(odd).await.is_ok());
    assert_eq!(
        world.sign_in(several).await.unwrap().factors(),
        Factors::One
    );
}

#[tokio::test]
async fn a_new_proof_is_asked_for_and_an_old_one_refused() {
    let world = World::start().await;
    let leaving = world.leave(|ask| ask.fresh = true).await.unwrap();
    assert!(leaving.address.contains("&prompt=login&max_age=0"));
    for (auth_time, good) in [
        (json!(NOW - 3600), false),
        (json!(null), false),
        (json!(NOW), true),
    ] {
        world.answer(&leaving.expected, json!({ "auth_time": auth_time }));
        let judged = world.receive("code=c&state=h", &leaving.expected).await;
        assert_eq!(judged.is_ok(), good, "{auth_time}: {judged:?}");
        if auth_time == NOW - 3600 {
            assert_eq!(judged.unwrap_err(), UpstreamError::NotFresh);
        }
    }
}

#[tokio::test]
async fn an_answer_to_another_question_is_none() {
    let world = World::start().await;
    let first = world.leave(|_| {}).await.unwrap().expected;
    let second = world.leave(|_| {}).await.unwrap().expected;
    // Somebody else's code, slipped in: its ID token has the nonce of that question.
    world.answer(&first, json!({}));
    let refused = world.receive("code=c&state=h", &second).await.unwrap_err();
    assert!(matches!(refused, UpstreamError::NotAsked(_)), "{refused:?}");
    world.answer(&second, json!({ "nonce": null }));
    assert!(world.receive("code=c&state=h", &second).await.is_err());
    world.answer(&second, json!({}));
    let redeemed = world.provider.asked("/token").len();
    for query in [
        "code=c",
        "code=c&state=h&iss=https://evil.example",
        "state=h&error=e&iss=x",
    ] {
        let refused = world.receive(query, &second).await.unwrap_err();
        assert!(matches!(refused, UpstreamError::NotAsked(_)), "{query}");
    }
    let another = Expected {
        upstream: "adatum".to_owned(),
        ..second.clone()
    };
    let mixed_up = world.receive("code=c&state=h", &another).await.unwrap_err();
    assert!(matches!(mixed_up, UpstreamError::NotAsked(_)));
    let by_saml = Expected {
        code_verifier: None,
        ..second.clone()
    };
    let refused = world.receive("code=c&state=h", &by_saml).await.unwrap_err();
    assert!(matches!(refused, UpstreamError::NotAsked(_)));
    // None of these codes went anywhere.
    assert_eq!(world.provider.asked("/token").len(), redeemed);
    assert!(world.receive("code=c&state=h", &second).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_names_itself_does_so_always() {
    let named = |discovery: &mut Value| {
        discovery["authorization_response_iss_parameter_supported"] = json!(true);
    };
    let world = World::with(named, |_| {}).await;
    let expected = world.leave(|_| {}).await.unwrap().expected;
    world.answer(&expected, json!({}));
    let refused = world.receive("code=c&state=h", &expected).await;
    assert!(matches!(refused, Err(UpstreamError::NotAsked(_))));
    let query = format!("code=c&state=h&iss={}", world.address);
    assert!(world.receive(&query, &expected).await.is_ok());
}

#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_met_and_not_at_each_token() {
    let world = World::start().await;
    assert!(world.sign_in(json!({})).await.is_ok());
    let expected = world.leave(|_| {}).await.unwrap().expected;
    let with_key = |id: &str| {
        let header = json!({"alg": "RS256", "kid": id});
        let claims = world.claims(&expected, json!({}));
        let tokens = json!({"id_token": world.issuer.token(&header, &claims)});
        world.provider.give("/token", &tokens);
    };
    with_key("new");
    let refused = world.receive("code=c&state=h", &expected).await;
    assert!(matches!(refused, Err(UpstreamError::Invalid(_))));
    assert_eq!(world.provider.asked("/keys").len(), 1);

    let mut keys = world.issuer.key_set();
    keys["keys"][0]["kid"] = json!("new");
    world.provider.give("/keys", &keys);
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(31)).await;
    tokio::time::resume();
    assert!(world.receive("code=c&state=h", &expected).await.is_ok());
    for _ in 0..3 {
        with_key("unknown");
        assert!(world.receive("code=c&state=h", &expected).await.is_err());
    }
    assert_eq!(world.provider.asked("/keys").len(), 2);
}

#[tokio::test]
async fn what_the_id_token_leaves_out_is_asked_for() {
    let world = World::with(
        |discovery| {
            let base = discovery["issuer"].as_str().unwrap().to_owned();
            discovery["userinfo_endpoint"] = json!(format!("{base}/me"));
            discovery["claims_parameter_supported"] = json!(true);
        },
        |_| {},
    )
    .await;
    let leaving = world.leave(|_| {}).await.unwrap();
    assert!(leaving.address.contains("claims=%7B%22id_token%22"));
    let without = json!({"email": null, "email_verified": null});
    let me =
        json!({"sub": "wendy's number", "email": "wmoran@fabrikam.com", "email_verified": true});
    world.provider.give("/me", &me);
    assert!(world.sign_in(without.clone()).await.is_ok());
    let asked = world.provider.asked("/me");
    assert_eq!(asked[0].header("authorization"), Some("Bearer at"));

    // About somebody else; not verified; foreign; nothing.
    for (name, value) in [
        ("sub", json!("another")),
        ("sub", json!(null)),
        ("email_verified", json!(false)),
        ("email", json!("ceo@contoso.com")),
        ("email", json!(null)),
    ] {
        let mut other = me.clone();
        other[name] = value;
        world.provider.give("/me", &other);
        assert!(world.sign_in(without.clone()).await.is_err(), "{other}");
    }
    // The word of one place does not hold for the address of the other.
    world.provider.give("/me", &me);
    let unverified = json!({ "email_verified": null });
    assert!(world.sign_in(unverified).await.is_err());
}

#[tokio::test]
async fn who_is_at_fault_is_told() {
    let world = World::start().await;
    let expected = world.leave(|_| {}).await.unwrap().expected;
    use UpstreamError as E;
    let kind = |error: &UpstreamError| match error {
        E::Unavailable(_) => "away",
        E::Refused(_) => "refused",
        E::Invalid(_) => "invalid",
        E::Ours(_) => "ours",
        _ => "other",
    };
    for (status, body, wanted) in [
        (400, r#"{"error":"invalid_grant"}"#, "invalid"),
        (401, r#"{"error":"invalid_client"}"#, "ours"),
        (400, "<html>", "invalid"),
        (200, "{}", "invalid"),
        (503, "", "away"),
        (302, "", "away"),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        world.provider.answer("/token", status, body);
        let error = world
            .receive("code=c&state=h", &expected)
            .await
            .unwrap_err();
        assert_eq!(kind(&error), wanted, "{status} {body}: {error}");
        assert!(!error.to_string().contains("s3cret"));
    }
    let much = format!("{}{}", r#"{"error":"invalid_grant"}"#, " ".repeat(300_000));
    world
        .provider
        .answer("/token", StatusCode::BAD_REQUEST, much);
    let error = world.receive("code=c&state=h", &expected).await;
    assert_eq!(kind(&error.unwrap_err()), "away");
    for (error, wanted) in [
        ("access_denied", "refused"),
        ("login_required", "refused"),
        ("temporarily_unavailable", "away"),
    ] {
        let query = format!("state=h&error={error}");
        let error = world.receive(&query, &expected).await.unwrap_err();
        assert_eq!(kind(&error), wanted, "{query}");
    }
    assert!(!format!("{:?}", world.upstream).contains("s3cret"));
}

#[tokio::test]
async fn a_provider_that_cannot_be_had_is_away() {
    let away = |error| matches!(error, Err(UpstreamError::Unavailable(_)));
    let world = World::start().await;
    world
        .provider
        .answer(DISCOVERY, StatusCode::MOVED_PERMANENTLY, "");
    assert!(away(world.leave(|_| {}).await.map(|_| ())));

    let other = |discovery: &mut Value| discovery["issuer"] = json!("https://evil.example");
    let world = World::with(other, |_| {}).await;
    assert!(away(world.leave(|_| {}).await.map(|_| ())));

    let world = World::start().await;
    let much = format!("{{\"x\":\"{}\"}}", "x".repeat(LARGEST_DISCOVERY));
    world.provider.answer(DISCOVERY, StatusCode::OK, much);
    assert!(away(world.leave(|_| {}).await.map(|_| ())));

    // A server with a certificate of another CA.
    let world = World::with(
        |_| {},
        |settings| {
            let ca = LocalCa::new().unwrap();
            settings.tls = client_config(&[ca.ca_pem().as_bytes()]).unwrap();
        },
    )
    .await;
    assert!(away(world.leave(|_| {}).await.map(|_| ())));

    let world = World::start().await;
    world
        .provider
        .answer("/keys", StatusCode::OK, r#"{"keys":[]}"#);
    assert!(away(world.sign_in(json!({})).await.map(|_| ())));
}
