use serde::Serialize;
use serde_json::{Value, json};

use super::{Answer, Body, GraphError, created, ok, plain};
use crate::entra::{Authentication, Domain, DomainName, Tenant};

type Changed = Result<(Tenant, Answer), GraphError>;

/// Graph's `domain`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools)] // as Graph has it
pub(super) struct Told<'t> {
    pub(super) id: &'t DomainName,
    pub(super) authentication_type: &'static str,
    pub(super) is_default: bool,
    pub(super) is_initial: bool,
    is_root: bool,
    is_verified: bool,
}

pub(super) fn all(tenant: &Tenant) -> impl Iterator<Item = Told<'_>> {
    tenant.domains().iter().map(|domain| told(tenant, domain))
}

pub(super) fn one(tenant: &Tenant, id: &str) -> Result<Value, GraphError> {
    Ok(plain(&told(tenant, find(tenant, id)?)))
}

pub(super) fn find<'t>(tenant: &'t Tenant, id: &str) -> Result<&'t Domain, GraphError> {
    DomainName::parse(id)
        .ok()
        .and_then(|name| tenant.domain(&name))
        .ok_or_else(|| GraphError::not_found(id))
}

fn told<'t>(tenant: &'t Tenant, domain: &'t Domain) -> Told<'t> {
    let is_federated = tenant.federation_of(&domain.name).is_some();
    Told {
        id: &domain.name,
        authentication_type: if is_federated { "Federated" } else { "Managed" },
        is_default: domain.name == *tenant.default_domain(),
        is_initial: domain.name == *tenant.name(),
        is_root: !matches!(domain.authentication, Authentication::Inherited),
        is_verified: true,
    }
}

/// Adds a domain, verified at once: there is no DNS to ask here. Below a verified one it inherits.
pub(super) fn create(tenant: &Tenant, mut body: Body) -> Changed {
    let id = body.take_text("id")?.unwrap_or_default();
    body.ends()?;
    let name =
        DomainName::parse(&id).map_err(|error| GraphError::bad_request(format!("{error}.")))?;
    let authentication = match tenant.root_above(&name) {
        Some(_) => Authentication::Inherited,
        None => Authentication::Managed,
    };
    let mut parts = tenant.parts();
    parts.domains.push(Domain {
        name: name.clone(),
        authentication,
    });
    let tenant = Tenant::build(parts)?;
    let said = one(&tenant, name.as_str())?;
    Ok((tenant, created(said)))
}

/// `isDefault: true`, or `authenticationType: "Managed"`, by which a federation ends.
pub(super) fn update(tenant: &Tenant, id: &str, mut body: Body) -> Changed {
    let name = find(tenant, id)?.name.clone();
    let mut parts = tenant.parts();
    match body.take("isDefault") {
        None => {}
        Some(Value::Bool(true)) => parts.default_domain = Some(name.clone()),
        Some(_) => {
            return Err(GraphError::bad_request(
                "Another domain is made the default by isDefault = true there.",
            ));
        }
    }
    match body.take_text("authenticationType")?.as_deref() {
        None => {}
        Some("Managed") => {
            for domain in parts
                .domains
                .iter_mut()
                .filter(|domain| domain.name == name)
            {
                if matches!(domain.authentication, Authentication::Inherited) {
                    return Err(GraphError::bad_request(
                        "The domain inherits its authentication type; promote it first.",
                    ));
                }
                domain.authentication = Authentication::Managed;
            }
        }
        Some(_) => {
            return Err(GraphError::bad_request(
                "A domain is federated by a federationConfiguration, and by nothing else.",
            ));
        }
    }
    body.ends()?;
    Ok((Tenant::build(parts)?, Answer::Nothing))
}

pub(super) fn delete(tenant: &Tenant, id: &str) -> Changed {
    let name = find(tenant, id)?.name.clone();
    if name == *tenant.name() {
        return Err(GraphError::bad_request("The initial domain stays."));
    }
    let mut parts = tenant.parts();
    parts.domains.retain(|domain| domain.name != name);
    Ok((Tenant::build(parts)?, Answer::Nothing))
}

/// Makes a root domain of a subdomain. From there on it is managed, until it is federated itself;
/// what Entra leaves it with is not told.
pub(super) fn promote(tenant: &Tenant, id: &str) -> Changed {
    let domain = find(tenant, id)?;
    let name = domain.name.clone();
    if !matches!(domain.authentication, Authentication::Inherited) {
        return Err(GraphError::bad_request(
            "The domain is a root domain already.",
        ));
    }
    let mut users = tenant.users().iter();
    let has_users = users.any(|user| *user.user_principal_name.domain() == name);
    if has_users && tenant.federation_of(&name).is_some() {
        return Err(GraphError::bad_request(
            "Promoting a subdomain with user references isn't allowed. Migrate the users to the \
             current root domain before promotion of the subdomain.",
        ));
    }
    let mut parts = tenant.parts();
    for domain in parts
        .domains
        .iter_mut()
        .filter(|domain| domain.name == name)
    {
        domain.authentication = Authentication::Managed;
    }
    Ok((Tenant::build(parts)?, ok(json!({ "value": true }))))
}
