use hyper::{
    HeaderMap, Method, StatusCode,
    header::{COOKIE, SET_COOKIE},
};
use serde_json::{Value, json};

use super::super::tests::{
    Fields, PUBLIC, SECRET, SERVER, asked, authorize, claims, code, redemption, refused, returned,
    simulator, tokens, value, vouch, with,
};
use crate::entra::{
    Settings, Simulator, Tenant, TenantParts, Tenants, fixture,
    web::tests::{get, post, send_with},
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

/// The same application in two tenants, of which one has signed the person in.
#[test]
fn what_one_tenant_has_given_is_nothing_at_another() {
    let contoso = simulator().tenants().first().clone();
    let mut fabrikam = fixture::fabrikam().parts();
    fabrikam.applications = contoso.applications().to_vec();
    let tenants = Tenants::from(contoso).with(Tenant::build(fabrikam).unwrap());
    let settings = Settings::at("https://login.example");
    let simulator = Simulator::new(tenants.unwrap(), settings);
    let at = |tenant: &str, fields: &Fields<'_>| {
        let page = post(&simulator, &format!("/{tenant}/oauth2/v2.0/token"), fields);
        let said: Value = serde_json::from_str(&page.text).unwrap();
        said
    };
    let code = code(&simulator, &asked());
    let wrong = at("fabrikam.com", &redemption(&code));
    assert_eq!(wrong["error_codes"], json!([700_005]), "{wrong}");
    let code = self::code(&simulator, &asked());
    let right = at("common", &redemption(&code));
    let token = right["refresh_token"].as_str().unwrap();
    let wrong = at("fabrikam.com", &refresh(token));
    assert_eq!(wrong["error_codes"], json!([700_005]), "{wrong}");

    let hop = authorize(&simulator, "oauth2/v2.0/authorize", &asked());
    let known = vouch(&simulator, &hop);
    let cookie = known.headers[SET_COOKIE].to_str().unwrap();
    let (cookie, _) = cookie.split_once("; ").unwrap();
    for (tenant, error) in [("fabrikam.com", "login_required"), ("common", "")] {
        let fields = with(asked(), "login_hint", None);
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(with(fields, "prompt", Some("none")))
            .finish();
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookie.parse().unwrap());
        let target = format!("/{tenant}/oauth2/v2.0/authorize?{query}");
        let page = send_with(&simulator, Method::GET, &target, headers, "");
        assert_eq!(value(&returned(&page), "error"), error, "{tenant}");
    }
}
