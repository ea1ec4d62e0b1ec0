//! What a step finds changed: the federation and the user, as an administrator would have them.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::Step;
use crate::entra::{
    Address, Authentication, DomainName, HomeRealm, InternalDomainFederation, Realm, SignInName,
    Tenant, Tenants, discover,
};

/// The tenants as a step finds them: with its properties in place of those that the person's user and the
/// federation of her domain have.
///
/// # Errors
/// Why Graph would refuse it, in a sentence.
pub(super) fn changed(tenants: &Tenants, person: &str, step: &Step) -> Result<Tenants, String> {
    if step.federation.is_empty() && step.user.is_empty() && !step.roll_over {
        return Ok(tenants.clone());
    }
    let home = home_of(tenants, person)?;
    let domain = federated(&home)?;
    let upn = home.user.map(|user| user.user_principal_name.clone());
    let mut parts = home.tenant.parts();
    for at in &mut parts.domains {
        if let Authentication::Federated(federation) = &mut at.authentication
            && at.name == domain
        {
            if step.roll_over {
                roll_over(federation);
            }
            **federation = merged(&**federation, &step.federation)?;
        }
    }
    if !step.user.is_empty() {
        let user = parts
            .users
            .iter_mut()
            .find(|user| Some(&user.user_principal_name) == upn.as_ref())
            .ok_or_else(|| format!("{person} is no user of the tenant"))?;
        *user = merged(user, &step.user)?;
    }
    let tenant = Tenant::build(parts).map_err(|error| error.to_string())?;
    tenants.with(tenant).map_err(|error| error.to_string())
}

/// The one place that can prove who the person is.
///
/// # Errors
/// Why there is none, in a sentence.
pub(super) fn home_of<'t>(tenants: &'t Tenants, person: &str) -> Result<HomeRealm<'t>, String> {
    let name = SignInName::parse(person).map_err(|error| error.to_string())?;
    let address = Address::Tenanted(tenants.first());
    discover(tenants, &name, address, true).map_err(|refusal| refusal.detail)
}

fn federated(home: &HomeRealm<'_>) -> Result<DomainName, String> {
    match &home.realm {
        Realm::Federated(domain, _) => Ok(domain.name.clone()),
        Realm::Managed => Err("the person is a user of a managed domain".to_owned()),
    }
}

/// What is registered becomes the next one: another one has to come before it, or it stands twice.
fn roll_over(federation: &mut InternalDomainFederation) {
    federation.next_signing_certificate = Some(federation.signing_certificate.clone());
}

fn merged<T: Serialize + DeserializeOwned>(
    all: &T,
    properties: &Map<String, Value>,
) -> Result<T, String> {
    let merge = || {
        let mut all = serde_json::to_value(all)?;
        if let Value::Object(all) = &mut all {
            all.extend(properties.clone());
        }
        serde_json::from_value(all)
    };
    merge().map_err(|error: serde_json::Error| error.to_string())
}
