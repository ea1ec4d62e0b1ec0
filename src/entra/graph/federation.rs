use serde_json::{Value, json};

use super::{Answer, Body, GraphError, created, domains::find, plain, with};
use crate::entra::{Authentication, Domain, InternalDomainFederation, Tenant};

type Changed = Result<(Tenant, Answer), GraphError>;

/// The one federation of a domain, or none. A subdomain that inherits tells its root's.
pub(super) fn all(
    tenant: &Tenant,
    domain: &str,
) -> Result<impl Iterator<Item = Value> + use<>, GraphError> {
    let name = &find(tenant, domain)?.name;
    let federation = tenant.federation_of(name);
    let told = federation.map(|(root, federation)| told(root, federation));
    Ok(told.into_iter())
}

pub(super) fn one(tenant: &Tenant, domain: &str, id: &str) -> Result<Value, GraphError> {
    let mut all = all(tenant, domain)?;
    all.find(|it| it.get("id").and_then(Value::as_str) == Some(id))
        .ok_or_else(|| GraphError::not_found(id))
}

fn told(domain: &Domain, federation: &InternalDomainFederation) -> Value {
    let kind = json!("#microsoft.graph.internalDomainFederation");
    let told = with(plain(federation), "@odata.type", kind);
    with(told, "id", plain(&domain.federation_id()))
}

/// Federates a domain. There is one federation to a domain, and `federatedIdpMfaBehavior` has to be
/// said, as practitioners found out.
pub(super) fn create(tenant: &Tenant, domain: &str, mut body: Body) -> Changed {
    let at = find(tenant, domain)?;
    match &at.authentication {
        Authentication::Managed => {}
        Authentication::Federated(_) => {
            return Err(GraphError::bad_request(
                "Domain already has Federation Configuration set.",
            ));
        }
        Authentication::Inherited => {
            return Err(GraphError::bad_request(
                "The domain inherits its federation from a root domain; promote it first.",
            ));
        }
    }
    let behavior = body
        .take("federatedIdpMfaBehavior")
        .filter(|it| !it.is_null());
    let behavior = behavior
        .ok_or_else(|| GraphError::bad_request("FederatedIdpMfaBehavior cannot be empty."))?;
    body.default_to("federatedIdpMfaBehavior", behavior);
    let federation = body.read()?;
    let name = at.name.to_string();
    let tenant = authenticate(
        tenant,
        &name,
        Authentication::Federated(Box::new(federation)),
    )?;
    let said = all(&tenant, &name)?.next().unwrap_or_default();
    Ok((tenant, created(said)))
}

/// Changes some of its properties.
pub(super) fn update(tenant: &Tenant, domain: &str, id: &str, mut body: Body) -> Changed {
    let federation = own(tenant, domain, id)?;
    // As a document that was read and is sent back has it.
    if let Some(said) = body.take_text("id")?
        && said != id
    {
        return Err(GraphError::bad_request("The id cannot be changed."));
    }
    let federation = Box::new(body.onto(federation)?);
    let tenant = authenticate(tenant, domain, Authentication::Federated(federation))?;
    Ok((tenant, Answer::Nothing))
}

/// Ends it: the domain is managed from there on.
pub(super) fn delete(tenant: &Tenant, domain: &str, id: &str) -> Changed {
    own(tenant, domain, id)?;
    let tenant = authenticate(tenant, domain, Authentication::Managed)?;
    Ok((tenant, Answer::Nothing))
}

/// The federation that is the domain's own.
fn own<'t>(
    tenant: &'t Tenant,
    domain: &str,
    id: &str,
) -> Result<&'t InternalDomainFederation, GraphError> {
    let at = find(tenant, domain)?;
    match &at.authentication {
        Authentication::Federated(federation) if at.federation_id().as_str() == id => {
            Ok(federation)
        }
        _ => Err(GraphError::not_found(id)),
    }
}

fn authenticate(
    tenant: &Tenant,
    domain: &str,
    authentication: Authentication,
) -> Result<Tenant, GraphError> {
    let name = find(tenant, domain)?.name.clone();
    // The first domain is none of those that a tenant is made of: it stays managed.
    if name == *tenant.name() {
        return Err(crate::entra::TenantError::CannotFederate(name).into());
    }
    let mut parts = tenant.parts();
    if let Some(domain) = parts.domains.iter_mut().find(|domain| domain.name == name) {
        domain.authentication = authentication;
    }
    Ok(Tenant::build(parts)?)
}
