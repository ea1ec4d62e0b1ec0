use super::{Answer, Body, GraphError, created, plain};
use crate::entra::{ObjectId, SignInName, Tenant, User};

type Changed = Result<(Tenant, Answer), GraphError>;

/// A user by id or by UPN.
pub(super) fn find<'t>(tenant: &'t Tenant, id: &str) -> Result<&'t User, GraphError> {
    let by_id = ObjectId::parse(id).ok();
    let by_upn = SignInName::parse(id).ok();
    tenant
        .users()
        .iter()
        .find(|user| {
            by_id.as_ref() == Some(&user.id) || by_upn.as_ref() == Some(&user.user_principal_name)
        })
        .ok_or_else(|| GraphError::not_found(id))
}

/// Makes a user, with an id of its own. What the sync alone may write in Entra may be written here:
/// there is no sync.
pub(super) fn create(tenant: &Tenant, mut body: Body) -> Changed {
    body.default_to("id", plain(&ObjectId::new()));
    let user: User = body.read()?;
    let said = plain(&user);
    let mut parts = tenant.parts();
    parts.users.push(user);
    Ok((Tenant::build(parts)?, created(said)))
}

/// Changes some of a user's properties.
pub(super) fn update(tenant: &Tenant, id: &str, body: Body) -> Changed {
    let current = find(tenant, id)?;
    let changed: User = body.onto(current)?;
    if changed.id != current.id {
        return Err(GraphError::bad_request("The id cannot be changed."));
    }
    let mut parts = tenant.parts();
    for user in parts.users.iter_mut().filter(|user| user.id == changed.id) {
        *user = changed.clone();
    }
    Ok((Tenant::build(parts)?, Answer::Nothing))
}

pub(super) fn delete(tenant: &Tenant, id: &str) -> Changed {
    let gone = find(tenant, id)?.id.clone();
    let mut parts = tenant.parts();
    parts.users.retain(|user| user.id != gone);
    Ok((Tenant::build(parts)?, Answer::Nothing))
}
