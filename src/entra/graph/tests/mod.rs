//! Graph's calls over the simulator's service.

#![allow(clippy::needless_pass_by_value)] // calls read better so

mod applications;
mod refused;

use hyper::{HeaderMap, header::CONTENT_TYPE};

use super::*;
use crate::entra::{
    Settings, Tenants,
    fixture::{self, CURRENT, ISSUER, NEXT},
    web::tests::{Page, send_with},
};

fn simulator() -> Simulator {
    let tenants = Tenants::from(fixture::contoso());
    let tenants = tenants.with(fixture::fabrikam()).unwrap();
    Simulator::new(tenants, Settings::at("https://login.example"))
}

fn call(simulator: &Simulator, method: Method, path: &str, body: Option<Value>) -> Page {
    let mut headers = HeaderMap::new();
    if body.is_some() {
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
    }
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    send_with(simulator, method, &format!("/v1.0/{path}"), headers, &body)
}

fn read_at(simulator: &Simulator, path: &str) -> Value {
    let page = call(simulator, Method::GET, path, None);
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
    serde_json::from_str(&page.text).unwrap()
}

fn done(simulator: &Simulator, method: Method, path: &str, body: Value) -> Page {
    let page = call(simulator, method.clone(), path, Some(body));
    assert!(page.status.is_success(), "{method} {path}: {}", page.text);
    page
}

/// What a call is refused with; nothing is changed by it.
fn refused(simulator: &Simulator, method: Method, path: &str, body: Value) -> String {
    let before = format!("{:?}", simulator.tenants());
    let page = call(simulator, method.clone(), path, Some(body));
    assert!(
        page.status.is_client_error(),
        "{method} {path}: {}",
        page.text
    );
    assert_eq!(before, format!("{:?}", simulator.tenants()));
    let error: Value = serde_json::from_str(&page.text).unwrap();
    let code = error["error"]["code"].as_str().unwrap();
    let message = error["error"]["message"].as_str().unwrap();
    format!("{} {code}: {message}", page.status.as_u16())
}

fn federation_of_partners() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.internalDomainFederation",
        "displayName": "Contoso partners",
        "issuerUri": "https://idp.contoso.com/third",
        "passiveSignInUri": "https://idp.contoso.com/adfs/ls/",
        "activeSignInUri": "https://idp.contoso.com/adfs/services/trust/2005/usernamemixed",
        "metadataExchangeUri": "https://idp.contoso.com/adfs/services/trust/mex",
        "signOutUri": "https://idp.contoso.com/adfs/ls/?wa=wsignout1.0",
        "signingCertificate": CURRENT.certificate().base64(),
        "nextSigningCertificate": NEXT.certificate().base64(),
        "preferredAuthenticationProtocol": "wsFed",
        "federatedIdpMfaBehavior": "enforceMfaByFederatedIdp",
        "promptLoginBehavior": "nativeSupport",
        "isSignedAuthenticationRequestRequired": false,
    })
}

#[test]
fn domains_are_told_as_graph_tells_them() {
    let simulator = simulator();
    let domains = read_at(&simulator, "domains");
    let ids: Vec<_> = domains["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(
        ids,
        [
            "contoso.onmicrosoft.com",
            "contoso.com",
            "partners.contoso.com",
            "emea.partners.contoso.com",
            "vendors.example"
        ]
    );
    assert_eq!(
        read_at(&simulator, "domains/EMEA.partners.contoso.com"),
        json!({
            "id": "emea.partners.contoso.com",
            "authenticationType": "Federated",
            "isDefault": false,
            "isInitial": false,
            "isRoot": false,
            "isVerified": true,
        })
    );
    let first = read_at(&simulator, "domains/contoso.onmicrosoft.com");
    assert_eq!(first["isInitial"], true);
    assert_eq!(first["isDefault"], true);
    let fabrikam = read_at(&simulator, "fabrikam.com/domains/fabrikam.com");
    assert_eq!(fabrikam["authenticationType"], "Federated");
    let organization = read_at(&simulator, "fabrikam.com/organization");
    let id = organization["value"][0]["id"].as_str().unwrap();
    let by_id = read_at(&simulator, &format!("{id}/organization"));
    assert_eq!(by_id, organization);
    assert_eq!(
        organization["value"][0]["verifiedDomains"][1]["type"],
        "Federated"
    );
}

#[test]
fn a_domain_is_added_federated_changed_and_set_free() {
    let simulator = simulator();
    let made = done(
        &simulator,
        Method::POST,
        "domains",
        json!({"id": "third.example"}),
    );
    assert_eq!(made.status, StatusCode::CREATED);
    let collection = "domains/third.example/federationConfiguration";
    assert_eq!(read_at(&simulator, collection), json!({"value": []}));
    let made = done(
        &simulator,
        Method::POST,
        collection,
        federation_of_partners(),
    );
    assert_eq!(made.status, StatusCode::CREATED);
    let federation: Value = serde_json::from_str(&made.text).unwrap();
    for (property, value) in federation_of_partners().as_object().unwrap() {
        assert_eq!(&federation[property], value, "{property}");
    }
    assert_eq!(
        read_at(&simulator, collection),
        json!({ "value": [federation] })
    );
    assert_eq!(
        read_at(&simulator, "domains/third.example")["authenticationType"],
        "Federated"
    );

    let one = format!("{collection}/{}", federation["id"].as_str().unwrap());
    let change = json!({"displayName": "Third", "nextSigningCertificate": null});
    let changed = done(&simulator, Method::PATCH, &one, change);
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    let now = read_at(&simulator, &one);
    assert_eq!(now["displayName"], "Third");
    assert_eq!(now["nextSigningCertificate"], Value::Null);
    assert_eq!(now["issuerUri"], federation["issuerUri"]);
    // What was read may be sent back whole.
    done(&simulator, Method::PATCH, &one, federation.clone());
    assert_eq!(read_at(&simulator, &one), federation);

    let managed = json!({"authenticationType": "Managed"});
    done(&simulator, Method::PATCH, "domains/third.example", managed);
    assert_eq!(
        call(&simulator, Method::GET, &one, None).status,
        StatusCode::NOT_FOUND
    );
    done(
        &simulator,
        Method::POST,
        collection,
        federation_of_partners(),
    );
    assert_eq!(
        call(&simulator, Method::DELETE, &one, None).status,
        StatusCode::NO_CONTENT
    );
    let domain = "domains/third.example";
    done(
        &simulator,
        Method::PATCH,
        domain,
        json!({"isDefault": true}),
    );
    let stays = refused(
        &simulator,
        Method::POST,
        collection,
        federation_of_partners(),
    );
    assert!(stays.contains("default domain"), "{stays}");
    done(
        &simulator,
        Method::PATCH,
        "domains/contoso.onmicrosoft.com",
        json!({"isDefault": true}),
    );
    assert_eq!(
        call(&simulator, Method::DELETE, domain, None).status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        call(&simulator, Method::GET, domain, None).status,
        StatusCode::NOT_FOUND
    );
}

#[test]
fn a_subdomain_inherits_until_it_is_promoted() {
    let simulator = simulator();
    let path = "domains/apac.partners.contoso.com";
    done(
        &simulator,
        Method::POST,
        "domains",
        json!({"id": "apac.partners.contoso.com"}),
    );
    assert_eq!(read_at(&simulator, path)["authenticationType"], "Federated");
    assert_eq!(read_at(&simulator, path)["isRoot"], false);
    let collection = format!("{path}/federationConfiguration");
    // It tells its root's federation, and has none of its own.
    assert_eq!(
        read_at(&simulator, &collection)["value"][0]["issuerUri"],
        ISSUER
    );
    let said = refused(
        &simulator,
        Method::POST,
        &collection,
        federation_of_partners(),
    );
    assert!(said.contains("promote it first"), "{said}");
    let promoted = done(
        &simulator,
        Method::POST,
        &format!("{path}/promote"),
        json!({}),
    );
    assert_eq!(
        serde_json::from_str::<Value>(&promoted.text).unwrap()["value"],
        true
    );
    assert_eq!(read_at(&simulator, path)["isRoot"], true);
    assert_eq!(read_at(&simulator, path)["authenticationType"], "Managed");
    done(
        &simulator,
        Method::POST,
        &collection,
        federation_of_partners(),
    );

    for (path, said) in [
        (
            "domains/emea.partners.contoso.com/promote",
            "user references",
        ),
        (
            "domains/partners.contoso.com/promote",
            "a root domain already",
        ),
    ] {
        let refusal = refused(&simulator, Method::POST, path, json!({}));
        assert!(refusal.contains(said), "{refusal}");
    }
}

#[test]
fn users_come_change_and_go() {
    let simulator = simulator();
    let tom = json!({
        "userPrincipalName": "tom@partners.contoso.com",
        "displayName": "Tom",
        "onPremisesUserPrincipalName": "tom@tailspintoys.com",
        "onPremisesImmutableId": "dG9t",
        "userType": "Guest",
        "proxyAddresses": ["SMTP:tom@partners.contoso.com", "smtp:t@contoso.com", "x500:/o=c"],
        "otherMails": ["tom@tailspintoys.com"],
    });
    let made = done(&simulator, Method::POST, "users", tom.clone());
    let made: Value = serde_json::from_str(&made.text).unwrap();
    for (property, value) in tom.as_object().unwrap() {
        assert_eq!(&made[property], value, "{property}");
    }
    let by_upn = "users/tom@partners.contoso.com";
    assert_eq!(read_at(&simulator, by_upn), made);
    let by_id = format!("users/{}", made["id"].as_str().unwrap());
    let change = json!({"onPremisesImmutableId": "b3RoZXI=", "displayName": "Thomas"});
    done(&simulator, Method::PATCH, &by_id, change);
    let now = read_at(&simulator, "users/TOM%40partners.contoso.com");
    assert_eq!(now["onPremisesImmutableId"], "b3RoZXI=");
    assert_eq!(now["userType"], "Guest");
    assert_eq!(now["id"], made["id"]);
    // A user of a federated domain needs a source anchor; one of a managed domain does not.
    let no_anchor = json!({"onPremisesImmutableId": null});
    let said = refused(&simulator, Method::PATCH, &by_id, no_anchor.clone());
    assert!(said.contains("no onPremisesImmutableId"), "{said}");
    let moved = json!({"userPrincipalName": "tom@contoso.com"});
    done(&simulator, Method::PATCH, &by_id, moved);
    done(&simulator, Method::PATCH, &by_id, no_anchor);
    assert_eq!(
        call(&simulator, Method::GET, by_upn, None).status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        call(&simulator, Method::DELETE, &by_id, None).status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        call(&simulator, Method::GET, &by_id, None).status,
        StatusCode::NOT_FOUND
    );
}

#[test]
fn policies_are_read_and_replaced() {
    let simulator = simulator();
    let all = read_at(&simulator, "policies/homeRealmDiscoveryPolicies");
    let policy = &all["value"][0];
    let path = format!(
        "policies/homeRealmDiscoveryPolicies/{}",
        policy["id"].as_str().unwrap()
    );
    assert_eq!(read_at(&simulator, &path), *policy);
    let definition = r#"{"HomeRealmDiscoveryPolicy":{"AccelerateToFederatedDomain":true,
        "PreferredDomain":"vendors.example","AlternateIdLogin":{"Enabled":true},
        "DomainHintPolicy":{"IgnoreDomainHintForDomains":["*"]}}}"#;
    let change =
        json!({"definition": [definition], "displayName": "x", "isOrganizationDefault": true});
    done(&simulator, Method::PATCH, &path, change);
    let tenants = simulator.tenants();
    let now = tenants.first().home_realm_discovery();
    assert!(now.accelerate_to_federated_domain && now.alternate_id_login.enabled);
    assert_eq!(now.domain_hint_policy.ignore_domain_hint_for_domains, ["*"]);
    // As it is read, it may be written.
    let read = read_at(&simulator, &path)["definition"].clone();
    done(
        &simulator,
        Method::PATCH,
        &path,
        json!({ "definition": read }),
    );

    let path = "policies/federatedTokenValidationPolicy";
    let default = read_at(&simulator, path);
    assert_eq!(
        default["validatingDomains"],
        json!({"@odata.type": "#microsoft.graph.allDomains", "rootDomains": "all"})
    );
    let enumerated = json!({
        "@odata.type": "#microsoft.graph.enumeratedDomains",
        "rootDomains": "enumerated",
        "domainNames": ["contoso.com"],
    });
    for method in [Method::PUT, Method::PATCH] {
        done(
            &simulator,
            method,
            path,
            json!({ "validatingDomains": enumerated }),
        );
        assert_eq!(read_at(&simulator, path)["validatingDomains"], enumerated);
    }
}

#[test]
fn an_application_registers_itself_and_its_secret_is_told_nobody() {
    let simulator = simulator();
    let app_id = "00112233-4455-6677-8899-aabbccddeeff";
    let shop = json!({
        "appId": app_id,
        "displayName": "Shop",
        "web": {"redirectUris": ["https://shop.example/"]},
        "passwordCredentials": [{"secretText": "made-for-this"}],
    });
    let made = done(&simulator, Method::POST, "applications", shop.clone());
    assert_eq!(made.status, StatusCode::CREATED);
    let said: Value = serde_json::from_str(&made.text).unwrap();
    let shown = json!({"id": app_id, "appId": app_id, "displayName": "Shop"});
    assert_eq!(said, shown);
    assert_eq!(read_at(&simulator, "applications")["value"], json!([shown]));
    let one = format!("applications/{app_id}");
    assert_eq!(read_at(&simulator, &one), shown);
    let tenants = simulator.tenants();
    let id = crate::entra::ObjectId::parse(app_id).unwrap();
    let registered = tenants.first().application(&id).unwrap();
    assert!(registered.has_secret("made-for-this"));

    let twice = refused(&simulator, Method::POST, "applications", shop);
    assert!(twice.contains(app_id), "{twice}");
    let nameless = json!({"displayName": "Tool"});
    let made = done(&simulator, Method::POST, "applications", nameless);
    assert!(made.text.contains("\"appId\":\""), "{}", made.text);
    let bad = json!({"displayName": "Bad", "web": {"redirectUris": ["javascript://x"]}});
    refused(&simulator, Method::POST, "applications", bad);

    let gone = call(&simulator, Method::DELETE, &one, None);
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let gone = call(&simulator, Method::DELETE, &one, None);
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}
