use hyper::StatusCode;
use serde_json::{Value, json};

use super::super::tests::{
    Fields, PUBLIC, SECRET, SERVER, asked, authorize, claims, code, redemption, refused, returned,
    simulator, tokens, value, vouch, with,
};
use crate::entra::{
    Tenant, TenantParts,
    web::tests::{get, post},
};

fn refresh(token: &str) -> Fields<'_> {
    vec![
        ("grant_type", "refresh_token"),
        ("client_id", PUBLIC),
        ("refresh_token", token),
    ]
}

#[test]
fn a_refresh_token_is_its_applications_while_the_user_is_there() {
    let simulator = simulator();
    let first = tokens(&simulator, &redemption(&code(&simulator, &asked())));
    let token = first["refresh_token"].as_str().unwrap();
    let second = tokens(&simulator, &refresh(token));
    let id = claims(&simulator, &second["id_token"]);
    assert_eq!(id["upn"], "wmoran@partners.contoso.com");
    assert_eq!(id.get("nonce"), None);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    // Another resource, by the same token.
    let own = format!("api://{SERVER}/Read");
    let third = tokens(&simulator, &with(refresh(token), "scope", Some(&own)));
    let access = claims(&simulator, &third["access_token"]);
    assert_eq!(
        (&access["aud"], &access["scp"]),
        (&json!(SERVER), &json!("Read"))
    );
    for (name, wrong, code, error) in [
        ("client_id", Some(SERVER), 70000, "invalid_grant"),
        ("refresh_token", Some("x"), 9_002_313, "invalid_grant"),
        ("refresh_token", None, 900_144, "invalid_request"),
        ("client_secret", Some(SECRET), 700_025, "invalid_client"),
    ] {
        refused(&simulator, &with(refresh(token), name, wrong), code, error);
    }
    let contoso = simulator.tenants().first().clone();
    let without = TenantParts {
        users: vec![],
        ..contoso.parts()
    };
    simulator.replace_tenants(Tenant::build(without).unwrap());
    refused(&simulator, &refresh(token), 50034, "invalid_grant");
}

#[test]
fn v1_has_resources_and_claims_of_its_own() {
    let simulator = simulator();
    let fields = with(asked(), "scope", None);
    let fields = with(fields, "resource", Some("https://graph.microsoft.com/"));
    let back = vouch(
        &simulator,
        &authorize(&simulator, "oauth2/authorize", &fields),
    );
    let returned = returned(&back);
    let fields = redemption(value(&returned, "code"));
    let page = post(&simulator, "/contoso.onmicrosoft.com/oauth2/token", &fields);
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let tokens: Value = serde_json::from_str(&page.text).unwrap();
    assert_eq!(tokens["expires_in"], "3600");
    assert_eq!(tokens["resource"], "https://graph.microsoft.com");
    assert!(tokens["refresh_token"].is_string());
    let address = "/contoso.onmicrosoft.com/.well-known/openid-configuration";
    let document: Value = serde_json::from_str(&get(&simulator, address).text).unwrap();
    let id = claims(&simulator, &tokens["id_token"]);
    for (name, expected) in [
        ("ver", json!("1.0")),
        ("iss", document["issuer"].clone()),
        ("unique_name", json!("wmoran@partners.contoso.com")),
        ("acct", json!(1)),
        ("aud", json!(PUBLIC)),
    ] {
        assert_eq!(id[name], expected, "{name}");
    }
    assert_eq!(id.get("preferred_username"), None);
    let access = claims(&simulator, &tokens["access_token"]);
    assert_eq!(access["scp"], "user_impersonation");
}
