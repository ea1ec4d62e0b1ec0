use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::HeaderMap;
use serde_json::Value;
use time::Duration;

use super::*;
use crate::entra::{
    Application, ObjectId, Settings, Simulator, Tenant, Tenants,
    fixture::{self, document::Node, saml1::assertion},
    web::tests::{get, post, send_with},
};

fn simulator() -> Simulator {
    let settings = Settings::at("https://login.example:8443");
    let contoso = fixture::contoso_by_ws_federation();
    Simulator::new(with_application(&contoso, CLIENT), settings)
}

const CLIENT: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

fn with_application(tenant: &Tenant, client: &str) -> Tenant {
    let id = ObjectId::parse(client).unwrap();
    let mut parts = tenant.parts();
    parts
        .applications
        .push(Application::on_this_machine(id, "Tool"));
    Tenant::build(parts).unwrap()
}

/// What MSAL brings an assertion with.
fn brought(assertion: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", SAML1_GRANT),
        ("client_id", CLIENT),
        ("scope", "openid profile offline_access User.Read"),
        ("assertion", assertion),
    ]
}

#[test]
fn the_endpoints_are_the_tenants() {
    let simulator = simulator();
    let page = get(
        &simulator,
        "/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration",
    );
    let document: Value = serde_json::from_str(&page.text).unwrap();
    let base = "https://login.example:8443";
    let contoso = simulator.tenants().first().id().clone();
    for (name, path) in [
        ("issuer", format!("/{contoso}/v2.0").as_str()),
        (
            "token_endpoint",
            "/contoso.onmicrosoft.com/oauth2/v2.0/token",
        ),
        (
            "authorization_endpoint",
            "/contoso.onmicrosoft.com/oauth2/v2.0/authorize",
        ),
        ("userinfo_endpoint", "/oidc/userinfo"),
    ] {
        assert_eq!(document[name], format!("{base}{path}"));
    }
    let nobody = get(
        &simulator,
        "/fabrikam.com/v2.0/.well-known/openid-configuration",
    );
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST);
    assert!(nobody.text.contains("invalid_tenant") && nobody.text.contains("AADSTS90002"));
}

const TOKEN: &str = "/contoso.onmicrosoft.com/oauth2/v2.0/token";

fn encoded(assertion: &Node) -> String {
    URL_SAFE_NO_PAD.encode(assertion.to_xml())
}

fn user_info(simulator: &Simulator, authorization: &str) -> (StatusCode, Value) {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, authorization.parse().unwrap());
    let page = send_with(simulator, Method::GET, "/oidc/userinfo", headers, "");
    (page.status, serde_json::from_str(&page.text).unwrap())
}

#[test]
fn an_assertion_is_exchanged_for_a_token_that_says_whose_it_is() {
    let simulator = simulator();
    let good = encoded(&assertion(OffsetDateTime::now_utc()));
    let page = post(&simulator, TOKEN, &brought(&good));
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert_eq!(page.headers[CACHE_CONTROL], "no-store");
    let token: Value = serde_json::from_str(&page.text).unwrap();
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["expires_in"], 3600);
    for more in ["id_token", "refresh_token", "client_info"] {
        assert!(token[more].is_string(), "{more}: {token}");
    }
    let token = token["access_token"].as_str().unwrap();
    let (status, claims) = user_info(&simulator, &format!("Bearer {token}"));
    assert_eq!(status, StatusCode::OK);
    assert_eq!(claims["preferred_username"], "wmoran@partners.contoso.com");
    for wrong in ["Bearer x", token, &format!("Basic {token}")] {
        assert_eq!(user_info(&simulator, wrong).0, StatusCode::UNAUTHORIZED);
    }
    let outcome = simulator.outcomes().pop().unwrap();
    assert!(matches!(outcome.decision, Decision::SignedIn(_)));
    assert_eq!(outcome.typed, None);
}

#[test]
fn a_refusal_is_told_as_entra_tells_applications() {
    type Fields<'a> = &'a [(&'a str, &'a str)];
    let simulator = simulator();
    let now = OffsetDateTime::now_utc();
    let mut wrong_issuer = assertion(now);
    wrong_issuer.set("Issuer", "https://nobody.example/");
    let good = encoded(&assertion(now));
    let old = encoded(&assertion(now - Duration::hours(2)));
    let without = |name: &str| -> Vec<(&str, &str)> {
        let mut fields = brought(&good);
        fields.retain(|(other, _)| *other != name);
        fields
    };
    let (wrong_issuer, cut) = (encoded(&wrong_issuer), "%");
    let table: [(Fields<'_>, &str, u32); 10] = [
        (&[], "invalid_request", 900_144),
        (&without("assertion"), "invalid_request", 900_144),
        (&without("client_id"), "invalid_request", 900_144),
        (&without("scope"), "invalid_request", 900_144),
        (
            &[("grant_type", "password"), ("username", "wendy")],
            "unsupported_grant_type",
            70003,
        ),
        (
            &[
                (
                    "grant_type",
                    "urn:ietf:params:oauth:grant-type:saml2-bearer",
                ),
                ("assertion", &good),
            ],
            "unsupported_grant_type",
            70003,
        ),
        (
            &[("grant_type", SAML1_GRANT), ("grant_type", "x")],
            "invalid_request",
            9_000_411,
        ),
        (&brought(cut), "invalid_request", 90107),
        (&brought(&old), "invalid_grant", 500_133),
        (&brought(&wrong_issuer), "invalid_request", 50107),
    ];
    for (fields, error, code) in table {
        let page = post(&simulator, TOKEN, fields);
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{fields:?}");
        let said: Value = serde_json::from_str(&page.text).unwrap();
        assert_eq!(said["error"], error, "{said}");
        assert_eq!(said["error_codes"], json!([code]), "{said}");
        let description = said["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{code}: ")));
        let outcome = simulator.outcomes().pop().unwrap();
        assert!(description.contains(&outcome.correlation_id));
    }
    let nobody = post(&simulator, "/fabrikam.com/oauth2/v2.0/token", &[]);
    assert!(nobody.text.contains("AADSTS90002"));
}

/// The token endpoint names a tenant, or none; the user is of the tenant that the issuer belongs to.
#[test]
fn a_token_is_for_a_user_of_the_tenant() {
    let contoso = with_application(&fixture::contoso_by_ws_federation(), CLIENT);
    let theirs = "00112233-4455-6677-8899-aabbccddeeff";
    let fabrikam = with_application(&fixture::fabrikam(), theirs);
    let tenants = Tenants::from(contoso).with(fabrikam).unwrap();
    let simulator = Simulator::new(tenants, Settings::at("https://login.example"));
    let good = encoded(&assertion(OffsetDateTime::now_utc()));
    let bring = |tenant: &str, client: &'static str| {
        let mut fields = brought(&good);
        fields.retain(|(name, _)| *name != "client_id");
        fields.push(("client_id", client));
        post(&simulator, &format!("/{tenant}/oauth2/v2.0/token"), &fields)
    };
    for its_own in ["partners.contoso.com", "common", "organizations"] {
        assert_eq!(bring(its_own, CLIENT).status, StatusCode::OK, "{its_own}");
    }
    let unknown = bring("fabrikam.com", CLIENT);
    assert!(unknown.text.contains("AADSTS700016"), "{}", unknown.text);
    let elsewhere = bring("fabrikam.com", theirs);
    assert_eq!(elsewhere.status, StatusCode::BAD_REQUEST);
    assert!(elsewhere.text.contains("AADSTS50020"), "{}", elsewhere.text);
}

#[test]
fn each_address_takes_its_own_method() {
    let simulator = simulator();
    for (method, path, allowed) in [
        (Method::GET, TOKEN, "POST"),
        (Method::POST, "/common/userrealm/a@b.example", "GET"),
        (Method::POST, "/getuserrealm.srf?login=a@b.example", "GET"),
        (Method::POST, "/oidc/userinfo", "GET"),
        (Method::POST, "/common/discovery/instance", "GET"),
        (
            Method::PUT,
            "/common/v2.0/.well-known/openid-configuration",
            "GET",
        ),
    ] {
        let page = send_with(&simulator, method, path, HeaderMap::new(), "");
        assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(page.headers["allow"], allowed);
    }
}
