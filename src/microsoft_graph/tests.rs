use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use hyper::{StatusCode, header::HeaderValue};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::*;
use crate::{
    http::{
        Request, Response, ResponseFuture, Service, response,
        server::Server,
        tls::{LocalCa, client_config},
    },
    keys::create_signing_key,
};

/// A server that gives these answers one after the other, and remembers what was asked.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<(u16, &'static str, Value)>>,
    asked: Mutex<Vec<String>>,
}

impl Service for Script {
    fn handle(&self, request: Request) -> ResponseFuture<'_> {
        let bearer = request.header("authorization").unwrap_or("-").to_owned();
        let (method, path, query) = (&request.method, request.path(), request.raw_query());
        let line = format!("{method} {path}?{query} {bearer}");
        self.asked.lock().unwrap().push(line);
        let answer = self.answers.lock().unwrap().pop_front();
        let (status, retry_after, body) = answer.expect("an answer is left");
        let status = StatusCode::from_u16(status).unwrap();
        let mut answer: Response = response::json(status, serde_json::to_vec(&body).unwrap());
        if !retry_after.is_empty() {
            let value = HeaderValue::from_static(retry_after);
            answer.headers_mut().insert("retry-after", value);
        }
        Box::pin(async { answer })
    }
}

struct World {
    script: Arc<Script>,
    address: SocketAddr,
    ca: LocalCa,
    stop: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl World {
    async fn of(answers: &[(u16, &'static str, Value)]) -> Self {
        let script = Arc::new(Script::default());
        script
            .answers
            .lock()
            .unwrap()
            .extend(answers.iter().cloned());
        let ca = LocalCa::new().unwrap();
        let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let address = server.local_addr().unwrap();
        let tls = ca.issue(&["graph.localhost"]).unwrap();
        let server = server.with_tls(tls.server_config().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(server.serve(script.clone(), stop.clone()));
        Self {
            script,
            address,
            ca,
            stop,
        }
    }

    fn base(&self) -> String {
        format!("https://graph.localhost:{}", self.address.port())
    }

    fn graph(&self, credential: Credential) -> Graph {
        let base: hyper::Uri = self.base().parse().unwrap();
        let endpoints = Endpoints {
            graph: base.clone(),
            login: base,
        };
        let tls = client_config(&[self.ca.ca_pem().as_bytes()]).unwrap();
        Graph::new(endpoints, credential, tls).with_patience(3, Duration::from_secs(1))
    }

    fn by_token(&self) -> Graph {
        self.graph(Credential::Token(Zeroizing::new("t".to_owned())))
    }

    fn asked(&self) -> Vec<String> {
        self.script.asked.lock().unwrap().clone()
    }
}

fn certificate() -> Credential {
    Credential::Certificate {
        tenant: "contoso.onmicrosoft.com".to_owned(),
        client_id: "app".to_owned(),
        signer: Arc::new(create_signing_key("app", 1).unwrap().signer),
    }
}

fn token(value: &str, seconds: u32) -> (u16, &'static str, Value) {
    let body = json!({"token_type": "Bearer", "access_token": value, "expires_in": seconds});
    (200, "", body)
}

#[tokio::test]
async fn a_collection_is_read_page_by_page_and_nowhere_else() {
    let world = World::of(&[]).await;
    let next = format!("{}/v1.0/domains?$skiptoken=2", world.base());
    let page = |next: &str| {
        let value = json!([{"id": "a.example", "authenticationType": "Managed", "isRoot": true}]);
        json!({"value": value, "@odata.nextLink": next})
    };
    let last = json!({"value": [{"id": "b.example", "authenticationType": "Federated"}]});
    world.script.answers.lock().unwrap().extend([
        (200, "", page(&next)),
        (200, "", last),
        (200, "", page("https://elsewhere.example/v1.0/domains")),
        (200, "", page("http://graph.localhost/v1.0/domains")),
    ]);
    let mut graph = world.by_token();
    let domains = graph.domains().await.unwrap();
    let ids: Vec<_> = domains.iter().map(|domain| domain.id.as_str()).collect();
    assert_eq!(ids, ["a.example", "b.example"]);
    assert!(domains[0].is_root && !domains[1].is_root);
    assert_eq!(
        domains[1].authentication_type,
        AuthenticationType::Federated
    );
    assert_eq!(
        world.asked(),
        [
            "GET /v1.0/domains? Bearer t",
            "GET /v1.0/domains?$skiptoken=2 Bearer t"
        ]
    );
    // A token must not go where a page wants it to.
    for _ in 0..2 {
        let refused = graph.domains().await;
        assert!(
            matches!(refused, Err(GraphError::Elsewhere(_))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn it_waits_as_long_as_it_is_told_and_not_for_ever() {
    let busy = json!({"error": {"code": "TooManyRequests", "message": "Wait."}});
    let empty = json!({"value": []});
    let world = World::of(&[
        (429, "1", busy.clone()),
        (503, "0", busy.clone()),
        (200, "", empty),
        (429, "3600", busy.clone()),
        (429, "0", busy.clone()),
        (429, "0", busy.clone()),
        (429, "0", busy.clone()),
        (504, "", busy),
    ])
    .await;
    let mut graph = world.by_token();
    let begun = std::time::Instant::now();
    assert!(graph.domains().await.unwrap().is_empty());
    assert!(begun.elapsed() >= Duration::from_secs(1));
    for attempts in [1, 3] {
        let refused = graph.domains().await;
        assert!(
            matches!(refused, Err(GraphError::Throttled(n)) if n == attempts),
            "{refused:?}"
        );
    }
    // Nobody knows whether it has been made.
    let refused = graph
        .post::<Value>("domains", &json!({"id": "x.example"}))
        .await;
    assert!(
        matches!(refused, Err(GraphError::Refused { status, .. }) if status == StatusCode::GATEWAY_TIMEOUT)
    );
    assert_eq!(world.asked().len(), 8);
}

#[tokio::test]
async fn a_token_is_fetched_when_it_is_needed_and_again_when_it_is_refused() {
    let gone = json!({"error": {"code": "InvalidAuthenticationToken", "message": "Expired."}});
    let empty = json!({"value": []});
    let world = World::of(&[
        token("one", 3600),
        (200, "", empty.clone()),
        (200, "", empty.clone()),
        (401, "", gone.clone()),
        token("two", 3600),
        (200, "", empty),
        (401, "", gone.clone()),
        token("three", 3600),
        (401, "", gone),
    ])
    .await;
    let mut graph = world.graph(certificate());
    for _ in 0..3 {
        graph.domains().await.unwrap();
    }
    let refused = graph.domains().await.unwrap_err();
    let text = refused.to_string();
    assert!(
        text.contains("401") && text.contains("InvalidAuthenticationToken"),
        "{text}"
    );
    let fetch = "POST /contoso.onmicrosoft.com/oauth2/v2.0/token? -";
    let get = |token: &str| format!("GET /v1.0/domains? Bearer {token}");
    assert_eq!(
        world.asked(),
        [
            fetch.to_owned(),
            get("one"),
            get("one"),
            get("one"),
            fetch.to_owned(),
            get("two"),
            get("two"),
            fetch.to_owned(),
            get("three"),
        ]
    );
}

#[tokio::test]
async fn refusals_are_told_in_words_and_secrets_are_not() {
    let refusal = json!({"error": {
        "code": "Authorization_RequestDenied",
        "message": "Insufficient privileges.\u{1b}[2J",
        "innerError": {"request-id": "f0"},
    }});
    let no_token = json!({
        "error": "invalid_client",
        "error_description": "AADSTS700027: The certificate is not registered.\r\nTrace ID: 1",
    });
    let world = World::of(&[(403, "", refusal), (400, "", no_token), (200, "", json!(7))]).await;
    let mut graph = world.by_token();
    assert_eq!(
        graph.domains().await.unwrap_err().to_string(),
        "Graph refuses (403 Forbidden, Authorization_RequestDenied): Insufficient privileges.[2J \
         (request-id f0)"
    );
    let text = world
        .graph(certificate())
        .domains()
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "no token from graph.localhost (400 Bad Request): AADSTS700027: The certificate is not \
         registered."
    );
    assert!(matches!(
        graph.domains().await,
        Err(GraphError::Answer { .. })
    ));
    let token = Credential::Token(Zeroizing::new("secret-t".to_owned()));
    assert_eq!(format!("{token:?}"), "Token");
}

#[test]
fn each_cloud_has_its_own_addresses() {
    for cloud in [
        Cloud::Global,
        Cloud::UsGovernment,
        Cloud::UsGovernmentDod,
        Cloud::China,
    ] {
        let endpoints = Endpoints::of(cloud);
        assert_eq!(endpoints.graph.host(), Some(cloud.graph_host()));
        assert_eq!(endpoints.login.host(), Some(cloud.login_host()));
        assert!(!cloud.powershell_environment().is_empty());
        assert_eq!(endpoints.graph.scheme_str(), Some("https"));
    }
    assert_eq!(segment("a/b c@d"), "a%2Fb%20c@d");
}
