//! One mutated case for each refusal.

use super::*;

const CONTOSOS: &str = "domains/contoso.com/federationConfiguration";
const SOMEONE: &str = "someone@partners.contoso.com";
const NO_ID: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

/// That each call is refused with these words.
fn all_refused(simulator: &Simulator, method: &Method, calls: &[(&str, Value, &str)]) {
    for (path, body, said) in calls {
        let refusal = refused(simulator, method.clone(), path, body.clone());
        assert!(refusal.contains(said), "{method} {path} {body}: {refusal}");
    }
}

#[test]
fn domains() {
    let simulator = simulator();
    let id = |id: &str| json!({ "id": id });
    let elsewhere = "verified in the tenant fabrikam.onmicrosoft.com";
    let calls = [
        ("domains", id("contoso.com"), "is there twice"),
        ("domains", id("fabrikam.com"), elsewhere),
        ("domains", id("no domain"), "not a domain name"),
        ("domains", json!({"id": 1}), "not a text"),
        ("domains", json!({}), "not a domain name"),
        (
            "domains",
            json!({"id": "a.example", "isRoot": true}),
            "isRoot",
        ),
    ];
    all_refused(&simulator, &Method::POST, &calls);
    let kind = |kind: &str| json!({ "authenticationType": kind });
    let default = |on: bool| json!({ "isDefault": on });
    let inherits = "domains/emea.partners.contoso.com";
    let calls = [
        (
            "domains/contoso.com",
            kind("Federated"),
            "and by nothing else",
        ),
        (
            "domains/contoso.com",
            default(false),
            "isDefault = true there",
        ),
        (
            "domains/partners.contoso.com",
            default(true),
            "default domain",
        ),
        (inherits, kind("Managed"), "promote it first"),
        (
            "domains/adatum.com",
            default(true),
            "404 Request_ResourceNotFound",
        ),
    ];
    all_refused(&simulator, &Method::PATCH, &calls);
    let calls = [
        ("domains/contoso.onmicrosoft.com", json!({}), "stays"),
        (
            "domains/contoso.com",
            json!({}),
            "mia@contoso.com is not a verified",
        ),
        (
            "domains/vendors.example",
            json!({}),
            "vera@vendors.example is not a verified",
        ),
    ];
    all_refused(&simulator, &Method::DELETE, &calls);
}

#[test]
fn new_federations() {
    let simulator = simulator();
    let with = |property: &str, value: Value| {
        let mut federation = federation_of_partners();
        federation[property] = value;
        federation
    };
    let armoured = CURRENT.certificate().to_pem();
    let wrapped = format!("{}\n", CURRENT.certificate().base64());
    let fabrikams = fixture::FABRIKAMS_ISSUER;
    let mutations = [
        ("issuerUri", json!(ISSUER), "is registered for"),
        (
            "issuerUri",
            json!(fabrikams),
            "is registered for fabrikam.com and",
        ),
        ("issuerUri", json!("a b"), "white space"),
        ("issuerUri", json!(""), "is empty"),
        (
            "passiveSignInUri",
            json!("http://a.example/"),
            "not an https address",
        ),
        (
            "activeSignInUri",
            json!("https://u@a.example/"),
            "not an https address",
        ),
        ("metadataExchangeUri", json!("/mex"), "not an https address"),
        (
            "signOutUri",
            json!("https://a.example/#x"),
            "not an https address",
        ),
        ("signingCertificate", json!(armoured), "PEM armour"),
        ("signingCertificate", json!(wrapped), "in one line"),
        ("nextSigningCertificate", json!("AAAA"), "Invalid value"),
        (
            "preferredAuthenticationProtocol",
            json!("SAMLP"),
            "unknown variant",
        ),
        (
            "federatedIdpMfaBehavior",
            json!("accept"),
            "unknown variant",
        ),
        ("federatedIdpMfaBehavior", Value::Null, "cannot be empty"),
        ("promptLoginBehavior", json!("never"), "unknown variant"),
        (
            "isSignedAuthenticationRequestRequired",
            json!("true"),
            "invalid type",
        ),
        ("supportsMfa", json!(true), "unknown field"),
    ];
    for (property, value, said) in mutations {
        let call = [(CONTOSOS, with(property, value), said)];
        all_refused(&simulator, &Method::POST, &call);
    }
    for (property, said) in [
        (
            "federatedIdpMfaBehavior",
            "FederatedIdpMfaBehavior cannot be empty",
        ),
        ("issuerUri", "missing field `issuerUri`"),
        ("passiveSignInUri", "missing field `passiveSignInUri`"),
        ("signingCertificate", "missing field `signingCertificate`"),
        ("preferredAuthenticationProtocol", "missing field"),
    ] {
        let mut federation = federation_of_partners();
        federation.as_object_mut().unwrap().remove(property);
        all_refused(&simulator, &Method::POST, &[(CONTOSOS, federation, said)]);
    }
    for (domain, said) in [
        (
            "partners.contoso.com",
            "already has Federation Configuration set",
        ),
        ("contoso.onmicrosoft.com", "stay managed"),
        ("adatum.com", "404 Request_ResourceNotFound"),
    ] {
        let path = format!("domains/{domain}/federationConfiguration");
        let call = [(path.as_str(), federation_of_partners(), said)];
        all_refused(&simulator, &Method::POST, &call);
    }
}

#[test]
fn changed_federations() {
    let simulator = simulator();
    let collection = "domains/vendors.example/federationConfiguration";
    let own = read_at(&simulator, collection)["value"][0]["id"].clone();
    let own = own.as_str().unwrap();
    let path = format!("{collection}/{own}");
    let of_another = format!("{CONTOSOS}/{own}");
    let nobodys = format!("{collection}/{NO_ID}");
    let inherited = format!("domains/emea.partners.contoso.com/federationConfiguration/{own}");
    let not_found = "404 Request_ResourceNotFound";
    let calls = [
        (path.as_str(), json!({"id": NO_ID}), "id cannot be changed"),
        (
            &path,
            json!({"issuerUri": ISSUER}),
            "registered for partners.contoso.com and",
        ),
        (&path, json!({"issuerUri": null}), "Invalid value"),
        (&path, json!({"signingCertificate": "x"}), "Invalid value"),
        (&of_another, json!({}), not_found),
        (&nobodys, json!({}), not_found),
        (&inherited, json!({}), not_found),
    ];
    all_refused(&simulator, &Method::PATCH, &calls);
    let calls = [(nobodys.as_str(), json!({}), not_found)];
    all_refused(&simulator, &Method::DELETE, &calls);
}

#[test]
fn users() {
    let simulator = simulator();
    let user = |upn: &str, property: &str, value: Value| {
        let mut user = json!({"userPrincipalName": upn, "onPremisesImmutableId": "YQ=="});
        user[property] = value;
        user
    };
    let wendy = "wmoran@partners.contoso.com";
    let wendys = read_at(&simulator, &format!("users/{wendy}"))["id"].clone();
    let two_primaries = json!(["SMTP:a@contoso.com", "SMTP:b@contoso.com"]);
    let anchor = "onPremisesImmutableId";
    let mutations = [
        (
            wendy,
            "displayName",
            json!("W"),
            "userPrincipalName already exists",
        ),
        (
            "a@adatum.com",
            "displayName",
            json!("A"),
            "not a verified domain",
        ),
        (
            "a",
            "displayName",
            json!("A"),
            "not of the form name@domain",
        ),
        (SOMEONE, "id", wendys, "belongs to another user"),
        (
            SOMEONE,
            anchor,
            json!(fixture::WENDYS_ANCHOR),
            "onPremisesImmutableId already",
        ),
        (SOMEONE, anchor, json!("a b"), "not an ImmutableID"),
        (SOMEONE, anchor, Value::Null, "has no onPremisesImmutableId"),
        (SOMEONE, "userType", json!("Partner"), "unknown variant"),
        (
            SOMEONE,
            "proxyAddresses",
            two_primaries,
            "proxyAddresses already exists",
        ),
        (
            SOMEONE,
            "proxyAddresses",
            json!(["nothing"]),
            "KIND:ADDRESS",
        ),
        (
            SOMEONE,
            "otherMails",
            json!(["nothing"]),
            "not of the form name@domain",
        ),
        (SOMEONE, "mobilePhone", json!("1"), "unknown field"),
        (
            SOMEONE,
            "passwordProfile",
            json!({"password": "short"}),
            "password complexity",
        ),
    ];
    for (upn, property, value, said) in mutations {
        let call = [("users", user(upn, property, value), said)];
        all_refused(&simulator, &Method::POST, &call);
    }
    let path = format!("users/{wendy}");
    let calls = [
        (path.as_str(), json!({"id": NO_ID}), "id cannot be changed"),
        (
            &path,
            json!({"userPrincipalName": "mia@contoso.com"}),
            "already exists",
        ),
        (
            "users/nobody@contoso.com",
            json!({}),
            "404 Request_ResourceNotFound",
        ),
    ];
    all_refused(&simulator, &Method::PATCH, &calls);
}

#[test]
fn policies() {
    let simulator = simulator();
    let all = read_at(&simulator, "policies/homeRealmDiscoveryPolicies");
    let id = all["value"][0]["id"].as_str().unwrap();
    let path = format!("policies/homeRealmDiscoveryPolicies/{id}");
    let policy = |policy: Value| {
        let definition = json!({ "HomeRealmDiscoveryPolicy": policy });
        json!({ "definition": [definition.to_string()] })
    };
    let not_default = json!({"definition": [], "isOrganizationDefault": false});
    let managed = json!({"PreferredDomain": "contoso.com"});
    let passwords = json!({"AllowCloudPasswordValidation": true});
    let calls = [
        (
            path.as_str(),
            policy(managed),
            "not a verified, federated domain",
        ),
        (&path, policy(passwords), "not simulated"),
        (&path, policy(json!({"Accelerate": true})), "unknown field"),
        (&path, json!({"definition": ["{"]}), "not a policy"),
        (&path, json!({"definition": []}), "list of one text"),
        (&path, json!({}), "list of one text"),
        (&path, not_default, "organization's default"),
    ];
    all_refused(&simulator, &Method::PATCH, &calls);
    let path = "policies/federatedTokenValidationPolicy";
    let domains = |kind: &str, names: Value| json!({"validatingDomains": {"rootDomains": kind, "domainNames": names}});
    let inherits = json!(["emea.partners.contoso.com"]);
    let calls = [
        (
            path,
            json!({"validatingDomains": {"rootDomains": "some"}}),
            "unknown variant",
        ),
        (
            path,
            json!({"validatingDomains": {"rootDomains": "enumerated"}}),
            "need domainNames",
        ),
        (
            path,
            domains("enumerated", inherits),
            "not a verified root domain",
        ),
        (
            path,
            domains("all", json!(["contoso.com"])),
            "goes with rootDomains",
        ),
        (path, json!({}), "Invalid value"),
    ];
    all_refused(&simulator, &Method::PUT, &calls);
}

#[test]
fn what_is_not_there() {
    let simulator = simulator();
    let not_found = "404 Request_ResourceNotFound";
    let calls = [
        ("groups", json!({}), not_found),
        ("adatum.com/users", json!({}), not_found),
        ("users/a/b", json!({}), not_found),
        ("domains/%ff", json!({}), not_found),
        ("organization", json!({}), "405 Request_BadRequest"),
    ];
    all_refused(&simulator, &Method::POST, &calls);
    let calls = [("users", json!({}), "405 Request_BadRequest")];
    all_refused(&simulator, &Method::PUT, &calls);
    let calls = [(
        "domains/contoso.com/promote",
        json!({}),
        "405 Request_BadRequest",
    )];
    all_refused(&simulator, &Method::GET, &calls);
}

/// Another site's page can send a form without the browser asking first; JSON it cannot.
#[test]
fn only_json_changes_anything() {
    let simulator = simulator();
    for media_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        for path in ["domains", "domains/emea.partners.contoso.com/promote"] {
            let path = format!("/v1.0/{path}");
            let body = r#"{"id": "a.example"}"#;
            let page = send_with(&simulator, Method::POST, &path, headers.clone(), body);
            assert_eq!(
                page.status,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "{media_type}"
            );
        }
    }
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for body in ["", "[]", "1", "{\"id\": \"a.example\"} x"] {
        let page = send_with(
            &simulator,
            Method::POST,
            "/v1.0/domains",
            headers.clone(),
            body,
        );
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let page = call(&simulator, Method::PUT, "users", Some(json!({})));
    assert_eq!(page.headers["allow"], "GET, POST");
}
