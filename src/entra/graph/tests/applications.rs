//! Policies for home realm discovery that are assigned to applications.

use super::*;
use crate::entra::{Application, ObjectId, TenantParts};

const PORTAL: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
const MAIL: &str = "00112233-4455-6677-8899-aabbccddeeff";
const POLICIES: &str = "policies/homeRealmDiscoveryPolicies";

fn with_applications() -> Simulator {
    let application = |id: &str, name| {
        let app_id = ObjectId::parse(id).unwrap();
        Application::on_this_machine(app_id, name)
    };
    let contoso = Tenant::build(TenantParts {
        applications: vec![application(PORTAL, "Portal"), application(MAIL, "Mail")],
        ..fixture::contoso().parts()
    });
    Simulator::new(contoso.unwrap(), Settings::at("https://login.example"))
}

fn made(simulator: &Simulator, definition: Value) -> Value {
    let definition = json!({ "HomeRealmDiscoveryPolicy": definition }).to_string();
    let body = json!({"displayName": "Straight on", "definition": [definition]});
    let page = done(simulator, Method::POST, POLICIES, body);
    assert_eq!(page.status, StatusCode::CREATED);
    serde_json::from_str(&page.text).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

#[test]
fn a_policy_is_made_assigned_and_taken_away() {
    let simulator = with_applications();
    let principals = read_at(&simulator, "servicePrincipals");
    let portal = principals["value"][0].clone();
    assert_eq!(portal["appId"], PORTAL);
    assert_eq!(portal["displayName"], "Portal");
    let by_id = format!("servicePrincipals/{}", text(&portal, "id"));
    let by_app_id = format!("servicePrincipals(appId='{PORTAL}')");
    assert_eq!(read_at(&simulator, &by_id), portal);
    assert_eq!(read_at(&simulator, &by_app_id), portal);

    let policy = made(
        &simulator,
        json!({"AccelerateToFederatedDomain": true, "PreferredDomain": "vendors.example"}),
    );
    assert_eq!(policy["isOrganizationDefault"], false);
    let address = format!("{POLICIES}/{}", text(&policy, "id"));
    assert_eq!(read_at(&simulator, &address), policy);
    let all = read_at(&simulator, POLICIES);
    assert_eq!(all["value"].as_array().unwrap().len(), 2);
    assert_eq!(all["value"][0]["isOrganizationDefault"], true);
    assert_eq!(all["value"][1], policy);

    let held = || {
        read_at(
            &simulator,
            &format!("{by_app_id}/homeRealmDiscoveryPolicies"),
        )
    };
    let applies_to = || read_at(&simulator, &format!("{address}/appliesTo"));
    assert_eq!(held(), json!({"value": []}));
    assert_eq!(applies_to(), json!({"value": []}));
    let reference = format!("https://graph.microsoft.com/v1.0/{address}");
    let references = format!("{by_id}/homeRealmDiscoveryPolicies/$ref");
    done(
        &simulator,
        Method::POST,
        &references,
        json!({ "@odata.id": reference }),
    );
    assert_eq!(held()["value"][0], policy);
    assert_eq!(applies_to()["value"][0], portal);
    let accelerates = |app: &str| {
        let tenants = simulator.tenants();
        let policy = tenants.first().home_realm_discovery_for(Some(app));
        policy.accelerate_to_federated_domain
    };
    assert!(accelerates(PORTAL) && !accelerates(MAIL));

    // What is assigned to an application does not keep it.
    done(
        &simulator,
        Method::POST,
        &format!("servicePrincipals(appId='{MAIL}')/homeRealmDiscoveryPolicies/$ref"),
        json!({ "@odata.id": reference }),
    );
    assert!(accelerates(MAIL));
    let mail = format!("applications/{MAIL}");
    let gone = call(&simulator, Method::DELETE, &mail, None);
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(applies_to()["value"].as_array().unwrap().len(), 1);

    let off = json!({ "HomeRealmDiscoveryPolicy": {} }).to_string();
    done(
        &simulator,
        Method::PATCH,
        &address,
        json!({ "definition": [off], "displayName": "Off" }),
    );
    assert!(!accelerates(PORTAL));
    assert_eq!(held()["value"][0]["displayName"], "Off");

    let reference = format!(
        "{by_app_id}/homeRealmDiscoveryPolicies/{}/$ref",
        text(&policy, "id")
    );
    let gone = call(&simulator, Method::DELETE, &reference, None);
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(held(), json!({"value": []}));
    let again = call(&simulator, Method::DELETE, &reference, None);
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    let gone = call(&simulator, Method::DELETE, &address, None);
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let all = read_at(&simulator, POLICIES);
    assert_eq!(all["value"].as_array().unwrap().len(), 1);
}

#[test]
fn what_graph_would_not_take_is_refused() {
    let simulator = with_applications();
    let first = made(&simulator, json!({}));
    let second = made(&simulator, json!({}));
    let refer =
        |policy: &Value| json!({"@odata.id": format!("/{POLICIES}/{}", text(policy, "id"))});
    let references = format!("servicePrincipals(appId='{PORTAL}')/homeRealmDiscoveryPolicies/$ref");
    done(&simulator, Method::POST, &references, refer(&first));
    let default = read_at(&simulator, POLICIES)["value"][0].clone();
    let policy = |policy: Value| json!({ "HomeRealmDiscoveryPolicy": policy }).to_string();
    let named = |definition: String| json!({"displayName": "x", "definition": [definition]});
    let calls = [
        (references.as_str(), refer(&second), "another policy"),
        (&references, refer(&default), "404"),
        (&references, json!({}), "no @odata.id"),
        (
            "servicePrincipals/nobody/homeRealmDiscoveryPolicies/$ref",
            refer(&first),
            "404",
        ),
        (
            POLICIES,
            json!({"definition": [policy(json!({}))]}),
            "displayName is missing",
        ),
        (
            POLICIES,
            json!({"displayName": "x", "definition": [policy(json!({}))], "isOrganizationDefault": true}),
            "no other can become it",
        ),
        (
            POLICIES,
            named(policy(json!({"PreferredDomain": "contoso.com"}))),
            "federated domain",
        ),
        (
            POLICIES,
            named(policy(json!({"AlternateIdLogin": {"Enabled": true}}))),
            "default policy alone",
        ),
        ("servicePrincipals", json!({}), "405"),
    ];
    for (path, body, said) in calls {
        let told = refused(&simulator, Method::POST, path, body);
        assert!(told.contains(said), "{path}: {told}, not {said}");
    }
    let default = format!("{POLICIES}/{}", text(&default, "id"));
    let told = call(&simulator, Method::DELETE, &default, None);
    assert_eq!(told.status, StatusCode::BAD_REQUEST);
    assert!(told.text.contains("stays"), "{}", told.text);
    for path in [
        "servicePrincipals(appId='x",
        "servicePrincipals/x/homeRealmDiscoveryPolicies/y/z",
    ] {
        assert_eq!(
            call(&simulator, Method::GET, path, None).status,
            StatusCode::NOT_FOUND
        );
    }
}
