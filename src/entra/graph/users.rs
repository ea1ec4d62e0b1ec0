use serde_json::Value;

use super::{Answer, Body, GraphError, created, plain};
use crate::entra::{ObjectId, ProxyAddress, SignInName, Tenant, User};

type Changed = Result<(Tenant, Answer), GraphError>;

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// Whoever reaches the listener, in the sync's place as well: all properties may be written.
    Anybody,
    /// An application by its token, as at the real one: what the sync alone writes is refused.
    Application,
}

const READ_ONLY: [&str; 4] = [
    "id",
    "proxyAddresses",
    "onPremisesUserPrincipalName",
    "onPremisesSyncEnabled",
];
const REQUIRED: [&str; 5] = [
    "accountEnabled",
    "displayName",
    "mailNickname",
    "passwordProfile",
    "userPrincipalName",
];

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

/// Makes a user, with an id of its own. What the sync alone may write in Entra may be written here by
/// who is no application: there is no sync.
pub(super) fn create(tenant: &Tenant, mut body: Body, writer: Writer) -> Changed {
    if writer == Writer::Application {
        refuse_read_only(&body)?;
        if let Some(name) = REQUIRED.iter().find(|name| !body.has(name)) {
            return Err(GraphError::bad_request(format!(
                "A value is required for property '{name}' of resource 'User'."
            )));
        }
    }
    take_password(&mut body)?;
    let sets_mail = body.has("mail");
    body.default_to("id", plain(&ObjectId::new()));
    let mut user: User = body.read()?;
    if sets_mail {
        set_primary(&mut user);
    }
    let said = plain(&user);
    let mut parts = tenant.parts();
    parts.users.push(user);
    Ok((Tenant::build(parts)?, created(said)))
}

/// Changes some of a user's properties.
pub(super) fn update(tenant: &Tenant, id: &str, mut body: Body, writer: Writer) -> Changed {
    let current = find(tenant, id)?;
    if writer == Writer::Application {
        refuse_read_only(&body)?;
        refuse_synced(current)?;
    }
    take_password(&mut body)?;
    let sets_mail = body.has("mail");
    let mut changed: User = body.onto(current)?;
    if changed.id != current.id {
        return Err(GraphError::bad_request("The id cannot be changed."));
    }
    if sets_mail {
        set_primary(&mut changed);
    }
    let mut parts = tenant.parts();
    for user in parts.users.iter_mut().filter(|user| user.id == changed.id) {
        *user = changed.clone();
    }
    Ok((Tenant::build(parts)?, Answer::Nothing))
}

pub(super) fn delete(tenant: &Tenant, id: &str, writer: Writer) -> Changed {
    let gone = find(tenant, id)?;
    if writer == Writer::Application {
        refuse_synced(gone)?;
    }
    let gone = gone.id.clone();
    let mut parts = tenant.parts();
    parts.users.retain(|user| user.id != gone);
    Ok((Tenant::build(parts)?, Answer::Nothing))
}

fn refuse_read_only(body: &Body) -> Result<(), GraphError> {
    match READ_ONLY.iter().find(|name| body.has(name)) {
        None => Ok(()),
        Some(name) => Err(GraphError::bad_request(format!(
            "Property '{name}' is read-only and cannot be set."
        ))),
    }
}

fn refuse_synced(user: &User) -> Result<(), GraphError> {
    if user.on_premises_sync_enabled == Some(true) {
        return Err(GraphError::bad_request(
            "Unable to update the specified properties for on-premises mastered Directory Sync \
             objects or objects currently undergoing migration.",
        ));
    }
    Ok(())
}

/// Looks at the `passwordProfile`, and forgets it: nobody signs in here by a password of Entra's.
fn take_password(body: &mut Body) -> Result<(), GraphError> {
    let Some(profile) = body.take("passwordProfile") else {
        return Ok(());
    };
    let password = profile.get("password").and_then(Value::as_str);
    let length = password.map_or(0, |password| password.chars().count());
    if (8..=256).contains(&length) {
        return Ok(());
    }
    Err(GraphError::bad_request(
        "The specified password does not comply with password complexity requirements. Please \
         provide a different password.",
    ))
}

/// A `mail` that is set becomes the primary proxy address; the one before it stays as another.
fn set_primary(user: &mut User) {
    let Some(mail) = user.mail.clone() else {
        return;
    };
    user.proxy_addresses
        .retain(|address| address.mail() != Some(&mail));
    for address in &mut user.proxy_addresses {
        if let ProxyAddress::Primary(former) = address {
            *address = ProxyAddress::Secondary(former.clone());
        }
    }
    let primary = ProxyAddress::Primary(mail);
    user.proxy_addresses.insert(0, primary);
}
