use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

use super::*;
use crate::entra::{
    Settings,
    fixture::{self, domain},
    web::tests::{Page, get, send_with},
};

/// Contoso by WS-Federation, and Fabrikam by SAML.
fn simulator() -> Simulator {
    let mut contoso = fixture::contoso_by_ws_federation().parts();
    contoso.display_name = "Contoso & Sons".to_owned();
    let tenants = Tenants::from(Tenant::build(contoso).unwrap())
        .with(fixture::fabrikam())
        .unwrap();
    Simulator::new(tenants, Settings::at("https://login.example:8443"))
}

fn json_at(simulator: &Simulator, target: &str) -> Value {
    let page = get(simulator, target);
    assert_eq!(page.status, StatusCode::OK, "{target}: {}", page.text);
    assert_eq!(page.headers["content-type"], "application/json");
    assert_eq!(page.headers["cache-control"], "no-store");
    serde_json::from_str(&page.text).unwrap()
}

fn realm(simulator: &Simulator, name: &str, version: &str) -> Value {
    let target = format!("/common/userrealm/{name}?api-version={version}");
    json_at(simulator, &target)
}

#[test]
fn msal_is_told_where_to_get_a_token() {
    let simulator = simulator();
    let federated = json!({
        "ver": "1.0",
        "account_type": "Federated",
        "domain_name": "partners.contoso.com",
        "federation_protocol": "WSTrust",
        "federation_metadata_url": "https://idp.contoso.com/adfs/services/trust/mex",
        "federation_active_auth_url": "https://idp.contoso.com/adfs/services/trust/2005/usernamemixed",
        "cloud_instance_name": "login.example:8443",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    });
    // Whether there is such a user is not told; and a domain alone does, too.
    for name in [
        "wmoran@partners.contoso.com",
        "wmoran%40partners.contoso.com",
        "nobody@partners.contoso.com",
        "partners.contoso.com",
    ] {
        assert_eq!(realm(&simulator, name, "1.0"), federated, "{name}");
    }
    let table = [
        (
            "emil@emea.partners.contoso.com",
            "Federated",
            Some("emea.partners.contoso.com"),
            true,
        ),
        ("mia@contoso.com", "Managed", Some("contoso.com"), false),
        (
            "admin@contoso.onmicrosoft.com",
            "Managed",
            Some("contoso.onmicrosoft.com"),
            false,
        ),
        // Her email is Fabrikam's here, whoever asks; and by SAML no endpoint is known.
        (
            "wmoran@fabrikam.com",
            "Federated",
            Some("fabrikam.com"),
            false,
        ),
        ("reception@adatum.com", "Unknown", Some("adatum.com"), false),
        ("wmoran", "Unknown", None, false),
        ("%ff@contoso.com", "Unknown", None, false),
    ];
    for (name, account_type, domain, has_endpoints) in table {
        let realm = realm(&simulator, name, "1.0");
        assert_eq!(realm["account_type"], account_type, "{name}");
        assert_eq!(realm.get("domain_name").and_then(Value::as_str), domain);
        for endpoint in [
            "federation_protocol",
            "federation_metadata_url",
            "federation_active_auth_url",
        ] {
            assert_eq!(
                realm.get(endpoint).is_some(),
                has_endpoints,
                "{name} {endpoint}"
            );
        }
    }
}

/// As captured (facts 5.5), with our names.
#[test]
fn pages_are_told_where_to_send_the_browser() {
    let simulator = simulator();
    let partners = json!({
        "NameSpaceType": "Federated",
        "federation_protocol": "WSTrust",
        "Login": "wmoran@partners.contoso.com",
        "AuthURL": "https://idp.contoso.com/adfs/ls/?username=wmoran%40partners.contoso.com\
                    &wa=wsignin1.0&wtrealm=urn%3afederation%3aMicrosoftOnline&wctx=",
        "DomainName": "partners.contoso.com",
        "FederationBrandName": "Contoso partners",
        "cloud_instance_name": "login.example:8443",
    });
    let name = "wmoran@partners.contoso.com";
    assert_eq!(realm(&simulator, name, "2.0"), partners);
    let by_query =
        format!("/common/userrealm/?user={name}&api-version=2.1&checkForMicrosoftAccount=false");
    let mut of_2_1 = partners.clone();
    let host = of_2_1
        .as_object_mut()
        .unwrap()
        .remove("cloud_instance_name")
        .unwrap();
    of_2_1["cloudinstancename"] = host;
    assert_eq!(json_at(&simulator, &by_query), of_2_1);

    let fabrikam = realm(&simulator, "wmoran@fabrikam.com", "2.0");
    assert_eq!(fabrikam["federation_protocol"], "SAML20");
    assert_eq!(fabrikam["AuthURL"], "https://sts.fabrikam.com/adfs/ls/");
    assert_eq!(
        realm(&simulator, "mia@contoso.com", "2.0"),
        json!({
            "NameSpaceType": "Managed",
            "Login": "mia@contoso.com",
            "DomainName": "contoso.com",
            "FederationBrandName": "Contoso & Sons",
            "cloud_instance_name": "login.example:8443",
        })
    );
    let unknown = realm(&simulator, "reception@adatum.com", "2.0");
    assert_eq!(unknown["NameSpaceType"], "Unknown");
    for absent in ["DomainName", "AuthURL", "FederationBrandName"] {
        assert_eq!(unknown.get(absent), None);
    }
}

#[test]
fn tools_are_told_in_json() {
    let simulator = simulator();
    let srf = |login: &str| {
        json_at(
            &simulator,
            &format!("/GetUserRealm.srf?login={login}&json=1"),
        )
    };
    assert_eq!(
        srf("wmoran@partners.contoso.com"),
        json!({
            "State": 3,
            "UserState": 2,
            "Login": "wmoran@partners.contoso.com",
            "NameSpaceType": "Federated",
            "DomainName": "partners.contoso.com",
            "FederationGlobalVersion": -1,
            "AuthURL": "https://idp.contoso.com/adfs/ls/?username=wmoran%40partners.contoso.com\
                        &wa=wsignin1.0&wtrealm=urn%3afederation%3aMicrosoftOnline&wctx=",
            "FederationBrandName": "Contoso partners",
            "AuthNForwardType": 1,
            "CloudInstanceName": "login.example:8443",
            "CloudInstanceIssuerUri": "urn:federation:MicrosoftOnline",
        })
    );
    assert_eq!(
        srf("contoso.com"),
        json!({
            "State": 4,
            "UserState": 1,
            "Login": "contoso.com",
            "NameSpaceType": "Managed",
            "DomainName": "contoso.com",
            "FederationBrandName": "Contoso & Sons",
            "CloudInstanceName": "login.example:8443",
            "CloudInstanceIssuerUri": "urn:federation:MicrosoftOnline",
        })
    );
    let unknown = json!({
        "State": 4,
        "UserState": 1,
        "Login": "reception@adatum.com",
        "NameSpaceType": "Unknown",
    });
    assert_eq!(srf("reception@adatum.com"), unknown);
    let without_a_form = json_at(&simulator, "/getuserrealm.srf?login=reception%40adatum.com");
    assert_eq!(without_a_form, unknown);
}

#[test]
fn tools_are_told_in_xml() {
    let simulator = simulator();
    let srf = |login: &str| {
        let page = get(
            &simulator,
            &format!("/getuserrealm.srf?login={login}&xml=1"),
        );
        assert_eq!(page.headers["content-type"], "text/xml; charset=utf-8");
        page.text
    };
    let around = |elements: &str| format!("<RealmInfo Success=\"true\">{elements}</RealmInfo>");
    assert_eq!(
        srf("mia@contoso.com"),
        around(
            "<State>4</State><UserState>1</UserState><Login>mia@contoso.com</Login>\
             <NameSpaceType>Managed</NameSpaceType><DomainName>contoso.com</DomainName>\
             <IsFederatedNS>false</IsFederatedNS>\
             <FederationBrandName>Contoso &amp; Sons</FederationBrandName>\
             <CloudInstanceName>login.example:8443</CloudInstanceName>\
             <CloudInstanceIssuerUri>urn:federation:MicrosoftOnline</CloudInstanceIssuerUri>"
        )
    );
    let federated = srf("wmoran@partners.contoso.com");
    for element in [
        "<IsFederatedNS>true</IsFederatedNS>",
        "?username=wmoran%40partners.contoso.com&amp;wa=wsignin1.0",
        "<STSAuthURL>https://idp.contoso.com/adfs/services/trust/2005/usernamemixed</STSAuthURL>",
        "<MEXURL>https://idp.contoso.com/adfs/services/trust/mex</MEXURL>",
    ] {
        assert!(federated.contains(element), "{element}: {federated}");
    }
    assert_eq!(
        srf("%3Cb%3E%00%01"),
        around(
            "<State>4</State><UserState>1</UserState><Login>&lt;b&gt;</Login>\
             <NameSpaceType>Unknown</NameSpaceType>"
        )
    );
}

#[test]
fn a_question_has_to_be_complete() {
    let simulator = simulator();
    let refused = |target: &str| -> Page { get(&simulator, target) };
    for (target, missing) in [
        ("/common/userrealm/?api-version=1.0", "user"),
        ("/common/userrealm?api-version=1.0", "user"),
        ("/common/userrealm/a@contoso.com", "api-version"),
        (
            "/common/userrealm/a@contoso.com?api-version=3.0",
            "api-version",
        ),
        ("/getuserrealm.srf", "login"),
    ] {
        let page = refused(target);
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{target}");
        assert!(page.text.contains("AADSTS90014"), "{target}: {}", page.text);
        assert!(
            page.text.contains(&format!("'{missing}'")),
            "{target}: {}",
            page.text
        );
    }
    let twice = refused("/getuserrealm.srf?login=a&login=b");
    assert!(twice.text.contains("AADSTS90014"));
    for nowhere in [
        "/common/userrealm/a/b",
        "/contoso.com/userrealm/a@contoso.com",
    ] {
        assert_eq!(refused(nowhere).status, StatusCode::NOT_FOUND, "{nowhere}");
    }
}

/// A change of the tenant shows at once.
#[test]
fn the_realm_is_that_of_now() {
    let simulator = simulator();
    assert_eq!(
        realm(&simulator, "fabrikam.com", "1.0")["account_type"],
        "Federated"
    );
    let managed = vec![fixture::managed("fabrikam.com")];
    let fabrikam = Tenant::new(domain("fabrikam.onmicrosoft.com"), managed, vec![]).unwrap();
    simulator.replace_tenants(simulator.tenants().with(fabrikam).unwrap());
    assert_eq!(
        realm(&simulator, "fabrikam.com", "1.0")["account_type"],
        "Managed"
    );
}

fn credential_type(simulator: &Simulator, tenant: &str, body: &str) -> Page {
    let path = format!("/{tenant}/GetCredentialType?mkt=en-US");
    send_with(simulator, Method::POST, &path, HeaderMap::new(), body)
}

fn asked_of(simulator: &Simulator, tenant: &str, name: &str) -> Value {
    let body = json!({"username": name, "isOtherIdpSupported": true, "flowToken": "x"});
    let page = credential_type(simulator, tenant, &body.to_string());
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    serde_json::from_str(&page.text).unwrap()
}

#[test]
fn a_page_is_told_of_a_typed_name_what_follows() {
    let simulator = simulator();
    // Whether there is somebody, what kind of domain it is, and where to.
    let partners = "https://idp.contoso.com/adfs/ls/?username=";
    let table = [
        (
            "common",
            "wmoran@partners.contoso.com",
            0,
            4,
            Some(partners),
        ),
        // Of a federated domain only its identity provider knows.
        (
            "common",
            "nobody@partners.contoso.com",
            0,
            4,
            Some(partners),
        ),
        ("common", "mia@contoso.com", 0, 3, None),
        ("common", "nobody@contoso.com", 1, 3, None),
        ("common", "nobody@adatum.com", 1, 1, None),
        ("common", "nobody", 1, 1, None),
        // The address decides whose email it is.
        (
            "common",
            "wmoran@fabrikam.com",
            0,
            4,
            Some("https://sts.fabrikam.com/adfs/ls/"),
        ),
        ("contoso.com", "wmoran@fabrikam.com", 0, 4, Some(partners)),
    ];
    for (tenant, name, exists, kind, to) in table {
        let said = asked_of(&simulator, tenant, name);
        assert_eq!(said["Username"], name);
        assert_eq!(said["IfExistsResult"], exists, "{name} at {tenant}");
        assert_eq!(
            said["EstsProperties"]["DomainType"], kind,
            "{name} at {tenant}"
        );
        assert_eq!(
            said["ThrottleStatus"],
            u8::from(kind == 1),
            "{name} at {tenant}"
        );
        let url = said["Credentials"]["FederationRedirectUrl"].as_str();
        assert_eq!(url.is_some(), to.is_some(), "{name} at {tenant}");
        let preferred = if to.is_some() { 4 } else { 1 };
        assert_eq!(said["Credentials"]["PrefCredential"], preferred);
        if let (Some(url), Some(to)) = (url, to) {
            assert!(url.starts_with(to), "{url}");
        }
    }
    let url = asked_of(&simulator, "common", "wmoran@partners.contoso.com");
    let url = url["Credentials"]["FederationRedirectUrl"]
        .as_str()
        .unwrap();
    assert!(
        url.ends_with("&wtrealm=urn%3afederation%3aMicrosoftOnline&wctx="),
        "{url}"
    );
}

#[test]
fn a_page_that_asks_amiss_is_told_so() {
    let simulator = simulator();
    for body in ["", "{}", "username=x", "[]"] {
        let page = credential_type(&simulator, "common", body);
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(page.text.contains("AADSTS90014"), "{}", page.text);
    }
    let nowhere = credential_type(&simulator, "adatum.com", "{\"username\": \"a@b.example\"}");
    assert!(nowhere.text.contains("AADSTS90002"), "{}", nowhere.text);
    let page = get(&simulator, "/common/GetCredentialType");
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
}
