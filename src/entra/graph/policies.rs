use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Body, GraphError, ok, plain, with};
use crate::entra::{HomeRealmDiscoveryPolicy, ObjectId, Tenant, ValidatingDomains};

type Changed = Result<(Tenant, Answer), GraphError>;

/// A policy's definition is a JSON text within the JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    #[serde(rename = "HomeRealmDiscoveryPolicy")]
    policy: HomeRealmDiscoveryPolicy,
}

fn discovery_id(tenant: &Tenant) -> ObjectId {
    ObjectId::of("homeRealmDiscoveryPolicy", tenant.name().as_str())
}

/// The one policy that there is: the organization's default.
pub(super) fn discovery(tenant: &Tenant) -> Value {
    let policy = plain(tenant.home_realm_discovery());
    let definition = json!({ "HomeRealmDiscoveryPolicy": policy }).to_string();
    json!({
        "id": discovery_id(tenant),
        "displayName": "Default",
        "isOrganizationDefault": true,
        "definition": [definition],
    })
}

pub(super) fn is_discovery(tenant: &Tenant, id: &str) -> Result<(), GraphError> {
    if discovery_id(tenant).as_str() == id.to_ascii_lowercase() {
        return Ok(());
    }
    Err(GraphError::not_found(id))
}

/// Replaces its definition.
pub(super) fn update_discovery(tenant: &Tenant, id: &str, mut body: Body) -> Changed {
    is_discovery(tenant, id)?;
    // Nothing depends on its name, and there is no other policy that could be the default.
    body.take("displayName");
    if body
        .take("isOrganizationDefault")
        .is_some_and(|it| it != json!(true))
    {
        return Err(GraphError::bad_request(
            "This policy is the organization's default, and the only one.",
        ));
    }
    let definition = body.take("definition").unwrap_or_default();
    body.ends()?;
    let Some([Value::String(definition)]) = definition.as_array().map(Vec::as_slice) else {
        return Err(GraphError::bad_request(
            "The definition is a list of one text, which is JSON itself.",
        ));
    };
    let definition: Definition = serde_json::from_str(definition).map_err(|error| {
        GraphError::bad_request(format!("The definition is not a policy: {error}."))
    })?;
    let mut parts = tenant.parts();
    parts.home_realm_discovery = definition.policy;
    Ok((Tenant::build(parts)?, Answer::Nothing))
}

pub(super) fn validation(tenant: &Tenant) -> Value {
    let kind = match tenant.validating_domains() {
        ValidatingDomains::Enumerated { .. }
        | ValidatingDomains::AllManagedAndEnumeratedFederated { .. } => "enumeratedDomains",
        _ => "allDomains",
    };
    let kind = json!(format!("#microsoft.graph.{kind}"));
    let domains = with(plain(tenant.validating_domains()), "@odata.type", kind);
    json!({
        "id": ObjectId::of("federatedTokenValidationPolicy", tenant.name().as_str()),
        "validatingDomains": domains,
    })
}

/// Replaces `validatingDomains`.
pub(super) fn update_validation(tenant: &Tenant, mut body: Body) -> Changed {
    let mut domains = body.take("validatingDomains").unwrap_or_default();
    body.ends()?;
    if let Some(properties) = domains.as_object_mut() {
        properties.retain(|name, _| !name.starts_with("@odata."));
    }
    let mut parts = tenant.parts();
    parts.validating_domains = serde_json::from_value(domains)
        .map_err(|error| GraphError::bad_request(format!("Invalid value specified: {error}.")))?;
    let tenant = Tenant::build(parts)?;
    let said = validation(&tenant);
    Ok((tenant, ok(said)))
}
