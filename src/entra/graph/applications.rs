use serde_json::{Value, json};

use super::{Answer, Body, GraphError, created, plain};
use crate::entra::{Application, ObjectId, Tenant};

/// What anybody is told of an application: no secret, and no certificate.
pub(super) fn shown(application: &Application) -> Value {
    let id = plain(&application.app_id);
    json!({"id": id, "appId": id, "displayName": application.display_name})
}

pub(super) fn find<'t>(tenant: &'t Tenant, id: &str) -> Result<&'t Application, GraphError> {
    let id_of_one = ObjectId::parse(id).ok();
    id_of_one
        .and_then(|id| tenant.application(&id))
        .ok_or_else(|| GraphError::not_found(id))
}

/// Registers an application, with the `appId` that it names or a new one. At Entra a secret is made by
/// another call; here it is brought along.
pub(super) fn create(tenant: &Tenant, mut body: Body) -> Result<(Tenant, Answer), GraphError> {
    body.default_to("appId", plain(&ObjectId::new()));
    let application: Application = body.read()?;
    let said = shown(&application);
    let mut parts = tenant.parts();
    parts.applications.push(application);
    Ok((Tenant::build(parts)?, created(said)))
}

pub(super) fn delete(tenant: &Tenant, id: &str) -> Result<(Tenant, Answer), GraphError> {
    let gone = find(tenant, id)?.app_id.clone();
    let mut parts = tenant.parts();
    parts.applications.retain(|it| it.app_id != gone);
    Ok((Tenant::build(parts)?, Answer::Nothing))
}
