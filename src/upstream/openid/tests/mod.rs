//! The client against a provider that answers whatever a test wants. What a real one answers is seen
//! in `tests/upstream_openid.rs`.

mod answers;
mod person;

use std::sync::Mutex;

use hyper::StatusCode;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::{UpstreamError as E, *};
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
        let asked = state.asked.iter().filter(|request| request.path() == path);
        asked.cloned().collect()
    }
}

impl Service for Provider {
    fn handle(&self, request: Request) -> ResponseFuture<'_> {
        let mut state = self.0.lock().unwrap();
        let answer = state
            .answers
            .iter()
            .find(|(path, ..)| *path == request.path());
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
    fn answer(&self, expected: &Expected, change: &Value) {
        let token = self.issuer.rs256(&self.claims(expected, change));
        let tokens = json!({"id_token": token, "access_token": "at", "token_type": "Bearer"});
        self.provider.give("/token", &tokens);
    }

    fn claims(&self, expected: &Expected, change: &Value) -> Value {
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
        self.answer(&leaving.expected, &change);
        self.receive("code=c0de&state=h4ndle", &leaving.expected)
            .await
    }
}
