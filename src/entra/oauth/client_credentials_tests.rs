use hyper::{
    HeaderMap, Method,
    header::{AUTHORIZATION, HeaderValue},
};
use serde_json::json;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::Value;

use super::*;
use crate::{
    entra::{
        Settings, Tenant, Tenants,
        fixture::{self, CURRENT, NEXT},
        web::tests::{post, send_with},
    },
    keys::Signer,
};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const APP: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
const BASE: &str = "https://login.example";
const TOKEN: &str = "/contoso.onmicrosoft.com/oauth2/v2.0/token";

fn simulator() -> Simulator {
    let mut parts = fixture::contoso().parts();
    parts.applications = vec![
        serde_json::from_value(json!({
            "appId": APP,
            "displayName": "Homerealm",
            "keyCredentials": [{"key": CURRENT.certificate().base64()}],
            "applicationPermissions": ["Domain.Read.All"],
        }))
        .unwrap(),
    ];
    let tenant = Tenant::build(parts).unwrap();
    Simulator::new(Tenants::from(tenant), Settings::at(BASE))
}

fn assertion(signer: &Signer, algorithm: &str, change: impl FnOnce(&mut Value)) -> String {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let header = json!({
        "alg": algorithm,
        "x5t#S256": BASE64.encode(digest(&SHA256, CURRENT.certificate().der())),
    });
    let mut claims = json!({
        "aud": format!("{BASE}{TOKEN}"), "iss": APP, "sub": APP, "jti": "1", "nbf": now,
        "exp": now + 60,
    });
    change(&mut claims);
    let encoded = |value: &Value| BASE64.encode(value.to_string());
    let message = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = match algorithm {
        "PS256" => signer.sign_rsa_pss_sha256(message.as_bytes()),
        _ => signer.sign_rsa_sha256(message.as_bytes()),
    };
    format!("{message}.{}", BASE64.encode(signature.unwrap()))
}

fn ask(simulator: &Simulator, assertion: &str, scope: &str) -> Value {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", APP),
        ("scope", scope),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    serde_json::from_str(&post(simulator, TOKEN, &fields).text).unwrap()
}

const GRAPH: &str = "https://graph.microsoft.com/.default";

#[test]
fn a_certificate_is_worth_a_token_for_what_was_consented_to() {
    let simulator = simulator();
    for algorithm in ["PS256", "RS256"] {
        let answer = ask(&simulator, &assertion(&CURRENT, algorithm, |_| {}), GRAPH);
        let token = answer["access_token"].as_str().unwrap();
        let call = |method, path: &str, token: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(token) = token {
                let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
                headers.insert(AUTHORIZATION, value);
            }
            let page = send_with(&simulator, method, &format!("/v1.0/{path}"), headers, "");
            (page.status.as_u16(), page.text)
        };
        assert_eq!(call(Method::GET, "domains", Some(token)).0, 200);
        let (status, text) = call(Method::DELETE, "domains/contoso.com", Some(token));
        assert_eq!(status, 403, "{text}");
        assert!(text.contains("Authorization_RequestDenied") && text.contains("request-id"));
        assert_eq!(call(Method::GET, "users", Some(token)).0, 403);
        for bad in [None, Some("x")] {
            let (status, text) = call(Method::GET, "domains", bad);
            assert_eq!(status, 401);
            assert!(text.contains("InvalidAuthenticationToken"), "{text}");
        }
    }
}

#[test]
fn nothing_but_a_proof_for_graph_is_worth_a_token() {
    let simulator = simulator();
    let code = |assertion: &str, scope| {
        let answer = ask(&simulator, assertion, scope);
        answer["error_codes"][0].as_u64()
    };
    let good = || assertion(&CURRENT, "PS256", |_| {});
    assert_eq!(code(&good(), GRAPH), None);
    assert_eq!(code(&good(), "https://login.example/.default"), None);
    let one = "https://graph.microsoft.com/Domain.Read.All";
    assert_eq!(code(&good(), one), Some(1_002_012));
    assert_eq!(
        code(&assertion(&NEXT, "PS256", |_| {}), GRAPH),
        Some(700_027)
    );
    let elsewhere = |claims: &mut Value| claims["aud"] = json!("https://login.example");
    assert_eq!(
        code(&assertion(&CURRENT, "PS256", elsewhere), GRAPH),
        Some(700_023)
    );
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", APP),
        ("scope", GRAPH),
    ];
    assert!(
        post(&simulator, TOKEN, &fields)
            .text
            .contains("AADSTS7000218")
    );
}
