use hyper::{StatusCode, header::ACCESS_CONTROL_ALLOW_ORIGIN};
use serde_json::{Value, json};

use super::{super::tests::simulator, without_port};
use crate::entra::web::tests::get;

#[test]
fn an_authority_is_known_where_it_is_the_simulators() {
    let simulator = simulator();
    let asked = |endpoint: &str| {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("api-version", "1.1")
            .append_pair("authorization_endpoint", endpoint)
            .finish();
        let page = get(&simulator, &format!("/common/discovery/instance?{query}"));
        let said: Value = serde_json::from_str(&page.text).unwrap();
        assert_eq!(page.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        (page.status, said)
    };
    for segment in ["contoso.onmicrosoft.com", "common"] {
        let endpoint = format!("https://login.example/{segment}/oauth2/v2.0/authorize");
        let (status, said) = asked(&endpoint);
        assert_eq!(status, StatusCode::OK, "{said}");
        let document =
            format!("https://login.example/{segment}/v2.0/.well-known/openid-configuration");
        assert_eq!(said["tenant_discovery_endpoint"], document);
        let own = json!({
            "preferred_network": "login.example",
            "preferred_cache": "login.example",
            "aliases": ["login.example"],
        });
        assert_eq!(said["metadata"], json!([own]));
        assert_eq!(
            get(
                &simulator,
                document.strip_prefix("https://login.example").unwrap()
            )
            .status,
            200
        );
    }
    for (endpoint, code, error) in [
        (
            "https://login.example.evil.example/common/oauth2/v2.0/authorize",
            50049,
            "invalid_instance",
        ),
        (
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
            50049,
            "invalid_instance",
        ),
        (
            "https://login.example/common/elsewhere",
            50049,
            "invalid_instance",
        ),
        (
            "https://login.example/nobody.example/oauth2/v2.0/authorize",
            90002,
            "invalid_tenant",
        ),
    ] {
        let (status, said) = asked(endpoint);
        assert_eq!(status, StatusCode::BAD_REQUEST, "{endpoint}");
        assert_eq!(
            (&said["error"], &said["error_codes"]),
            (&json!(error), &json!([code]))
        );
    }
    let page = get(&simulator, "/common/discovery/instance");
    assert!(page.text.contains("AADSTS900144"), "{}", page.text);
}

#[test]
fn an_authority_is_known_without_its_port() {
    let base = "https://login.example:8443";
    assert_eq!(without_port(base), "https://login.example");
    let other = "https://login.example";
    assert_eq!(without_port(other), other);
}
