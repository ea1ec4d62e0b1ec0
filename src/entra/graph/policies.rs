use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Body, GraphError, created, ok, plain, with};
use crate::entra::{AssignedPolicy, HomeRealmDiscoveryPolicy, ObjectId, Tenant, ValidatingDomains};

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

/// The organization's default.
fn discovery(tenant: &Tenant) -> Value {
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

/// A policy that is not the default.
pub(super) fn assigned<'t>(tenant: &'t Tenant, id: &str) -> Result<&'t AssignedPolicy, GraphError> {
    let mut policies = tenant.assigned_policies().iter();
    policies
        .find(|it| it.id.as_str() == id.to_ascii_lowercase())
        .ok_or_else(|| GraphError::not_found(id))
}

/// What it is in JSON.
pub(super) fn plain_assigned(assigned: &AssignedPolicy) -> Value {
    let definition = json!({ "HomeRealmDiscoveryPolicy": plain(&assigned.policy) }).to_string();
    json!({
        "id": assigned.id,
        "displayName": assigned.display_name,
        "isOrganizationDefault": false,
        "definition": [definition],
    })
}

/// All of them, the default first.
pub(super) fn all(tenant: &Tenant) -> impl Iterator<Item = Value> {
    let others = tenant.assigned_policies().iter().map(plain_assigned);
    std::iter::once(discovery(tenant)).chain(others)
}

/// Any of them.
pub(super) fn one(tenant: &Tenant, id: &str) -> Result<Value, GraphError> {
    match is_discovery(tenant, id) {
        Ok(()) => Ok(discovery(tenant)),
        Err(_) => Ok(plain_assigned(assigned(tenant, id)?)),
    }
}

/// Makes a policy, which is assigned to nobody yet.
pub(super) fn create_discovery(tenant: &Tenant, mut body: Body) -> Changed {
    let Some(display_name) = body.take_text("displayName")? else {
        return Err(GraphError::bad_request("displayName is missing."));
    };
    is_default(&mut body, false)?;
    let made = AssignedPolicy {
        id: ObjectId::new(),
        display_name,
        policy: definition(body)?,
        applies_to: Vec::new(),
    };
    let said = plain_assigned(&made);
    let mut parts = tenant.parts();
    parts.assigned_policies.push(made);
    Ok((Tenant::build(parts)?, created(said)))
}

/// Replaces a policy's definition.
pub(super) fn update_discovery(tenant: &Tenant, id: &str, mut body: Body) -> Changed {
    let mut parts = tenant.parts();
    let display_name = body.take_text("displayName")?;
    if is_discovery(tenant, id).is_ok() {
        // Nothing depends on its name.
        is_default(&mut body, true)?;
        parts.home_realm_discovery = definition(body)?;
    } else {
        let id = assigned(tenant, id)?.id.clone();
        is_default(&mut body, false)?;
        let policy = definition(body)?;
        let mut policies = parts.assigned_policies.iter_mut();
        if let Some(changed) = policies.find(|it| it.id == id) {
            changed.policy = policy;
            changed.display_name = display_name.unwrap_or_else(|| changed.display_name.clone());
        }
    }
    Ok((Tenant::build(parts)?, Answer::Nothing))
}

/// Removes a policy, and its assignments with it.
pub(super) fn delete_discovery(tenant: &Tenant, id: &str) -> Changed {
    if is_discovery(tenant, id).is_ok() {
        return Err(GraphError::bad_request(
            "This policy is the organization's default; it can be changed, and stays.",
        ));
    }
    let gone = assigned(tenant, id)?.id.clone();
    let mut parts = tenant.parts();
    parts.assigned_policies.retain(|it| it.id != gone);
    Ok((Tenant::build(parts)?, Answer::Nothing))
}

/// One policy is the default, and no other becomes it.
fn is_default(body: &mut Body, expected: bool) -> Result<(), GraphError> {
    let said = body.take("isOrganizationDefault");
    if said.is_none_or(|it| it == json!(expected)) {
        return Ok(());
    }
    Err(GraphError::bad_request(
        "One policy is the organization's default, and no other can become it.",
    ))
}

/// The text within the JSON, which is all that the body has left.
fn definition(mut body: Body) -> Result<HomeRealmDiscoveryPolicy, GraphError> {
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
    Ok(definition.policy)
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
