//! What a step finds changed: the federation, as an administrator would have it, and the clock.

use serde_json::{Map, Value};

use crate::entra::{
    Address, Authentication, DomainName, InternalDomainFederation, Realm, SignInName, Tenant,
    Tenants, discover,
};

/// The tenants with these properties in place of those that the federation of the person's domain has.
///
/// # Errors
/// Why Graph would refuse it, in a sentence.
pub(super) fn with_federation(
    tenants: &Tenants,
    person: &str,
    properties: &Map<String, Value>,
) -> Result<Tenants, String> {
    if properties.is_empty() {
        return Ok(tenants.clone());
    }
    let domain = domain_of(tenants, person)?;
    let tenant = tenants.of_domain(&domain).unwrap_or(tenants.first());
    let mut parts = tenant.parts();
    for at in &mut parts.domains {
        if let Authentication::Federated(federation) = &mut at.authentication
            && at.name == domain
        {
            **federation = merged(federation, properties).map_err(|error| error.to_string())?;
        }
    }
    let tenant = Tenant::build(parts).map_err(|error| error.to_string())?;
    tenants.with(tenant).map_err(|error| error.to_string())
}

/// The domain whose federation the person's sign-in leads to.
fn domain_of(tenants: &Tenants, person: &str) -> Result<DomainName, String> {
    let name = SignInName::parse(person).map_err(|error| error.to_string())?;
    let address = Address::Tenanted(tenants.first());
    let found = discover(tenants, &name, address, true).map_err(|refusal| refusal.detail)?;
    match found.realm {
        Realm::Federated(domain, _) => Ok(domain.name.clone()),
        Realm::Managed => Err(format!("{person} is a user of a managed domain")),
    }
}

fn merged(
    federation: &InternalDomainFederation,
    properties: &Map<String, Value>,
) -> Result<InternalDomainFederation, serde_json::Error> {
    let mut all = serde_json::to_value(federation)?;
    if let Value::Object(all) = &mut all {
        all.extend(properties.clone());
    }
    serde_json::from_value(all)
}
