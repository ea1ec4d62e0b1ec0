//! Applications as Graph's policies know them: the service principal of each, and which policy is assigned
//! to it.

use serde_json::{Value, json};

use super::{Answer, Body, GraphError, policies};
use crate::entra::{Application, ObjectId, Tenant};

type Changed = Result<(Tenant, Answer), GraphError>;

fn id_of(tenant: &Tenant, application: &Application) -> ObjectId {
    let name = format!("{} {}", tenant.name(), application.app_id.as_str());
    ObjectId::of("servicePrincipal", &name)
}

/// All of them.
pub(super) fn all(tenant: &Tenant) -> impl Iterator<Item = Value> {
    tenant.applications().iter().map(|it| plain(tenant, it))
}

/// One, by its id.
pub(super) fn one(tenant: &Tenant, id: &str) -> Result<Value, GraphError> {
    Ok(plain(tenant, find(tenant, id)?))
}

/// Those that a policy is assigned to.
pub(super) fn with_policy(tenant: &Tenant, policy: &str) -> Result<Vec<Value>, GraphError> {
    if policies::is_discovery(tenant, policy).is_ok() {
        return Ok(Vec::new());
    }
    let policy = policies::assigned(tenant, policy)?;
    let applications = tenant.applications().iter();
    let those = applications.filter(|it| policy.applies_to.contains(&it.app_id));
    Ok(those.map(|it| plain(tenant, it)).collect())
}

/// The policies that are assigned to one; there is one at most.
pub(super) fn policies_of(tenant: &Tenant, id: &str) -> Result<Option<Value>, GraphError> {
    let application = find(tenant, id)?;
    let assigned = tenant.assigned_policy_of(&application.app_id);
    Ok(assigned.map(policies::plain_assigned))
}

/// Assigns the policy that the body refers to.
pub(super) fn assign(tenant: &Tenant, id: &str, body: &Body) -> Changed {
    let app_id = find(tenant, id)?.app_id.clone();
    let policy = body.referred_id().ok_or_else(|| {
        GraphError::bad_request("The body has no @odata.id with the address of a policy.")
    })?;
    body.ends()?;
    let policy = policies::assigned(tenant, policy)?.id.clone();
    change(tenant, &policy, |applies_to| applies_to.push(app_id))
}

/// Takes a policy away from one.
pub(super) fn withdraw(tenant: &Tenant, id: &str, policy: &str) -> Changed {
    let app_id = &find(tenant, id)?.app_id;
    let policy = policies::assigned(tenant, policy)?;
    if !policy.applies_to.contains(app_id) {
        return Err(GraphError::not_found(policy.id.as_str()));
    }
    change(tenant, &policy.id, |applies_to| {
        applies_to.retain(|it| it != app_id);
    })
}

fn change(tenant: &Tenant, policy: &ObjectId, change: impl FnOnce(&mut Vec<ObjectId>)) -> Changed {
    let mut parts = tenant.parts();
    let mut policies = parts.assigned_policies.iter_mut();
    if let Some(policy) = policies.find(|it| it.id == *policy) {
        change(&mut policy.applies_to);
    }
    Ok((Tenant::build(parts)?, Answer::Nothing))
}

/// By its own id, or by that of its application, as `servicePrincipals(appId='...')` names it.
fn find<'t>(tenant: &'t Tenant, id: &str) -> Result<&'t Application, GraphError> {
    let not_found = || GraphError::not_found(id);
    let parsed = ObjectId::parse(id).map_err(|_| not_found())?;
    let mut applications = tenant.applications().iter();
    applications
        .find(|it| id_of(tenant, it) == parsed || it.app_id == parsed)
        .ok_or_else(not_found)
}

fn plain(tenant: &Tenant, application: &Application) -> Value {
    json!({
        "id": id_of(tenant, application),
        "appId": application.app_id,
        "displayName": application.display_name,
    })
}
