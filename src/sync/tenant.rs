//! The planned tenant: for the simulator, in the process or as a file for `homerealm simulate --tenant`.

use serde::Serialize;

use crate::{
    entra::{
        Authentication, Domain, DomainName, InternalDomainFederation, NameError, SignInName,
        Tenant, TenantError, TenantParts, User,
    },
    realm,
};

use super::{Plan, Planned, Terms, derive::user, prediction::anchors};

/// Why there is no such tenant, or no such file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TenantFileError {
    /// The tenant has no name.
    #[error(
        "`tenant` in [sync] names the tenant's initial domain, such as contoso.onmicrosoft.com"
    )]
    NoTenant,
    /// A domain that Entra could not have.
    #[error(transparent)]
    Domain(#[from] NameError),
    /// The file cannot be written as TOML.
    #[error("the tenant cannot be written as TOML: {0}")]
    Toml(#[from] toml::ser::Error),
}

/// The tenant with its domains, and nobody in it. `federations` are the federated domains, each with
/// what is registered for it.
///
/// # Errors
/// [`TenantFileError::NoTenant`], [`TenantFileError::Domain`].
pub fn planned_tenant(
    terms: &Terms,
    federations: Vec<(realm::DomainName, InternalDomainFederation)>,
) -> Result<TenantParts, TenantFileError> {
    let name = terms.tenant.clone().ok_or(TenantFileError::NoTenant)?;
    let mut domains = Vec::new();
    for managed in &terms.verified_domains {
        let is_federated = terms.is_federated(managed);
        if !is_federated && managed.as_ascii() != name.as_str() {
            let mut verified = (terms.verified_domains.iter())
                .chain(terms.federated_domains.iter().map(|one| &one.suffix));
            let inherits = verified.any(|above| above != managed && managed.is_within(above));
            domains.push(Domain {
                name: DomainName::parse(managed.as_ascii())?,
                authentication: if inherits {
                    Authentication::Inherited
                } else {
                    Authentication::Managed
                },
            });
        }
    }
    for (federated, federation) in federations {
        domains.push(Domain {
            name: DomainName::parse(federated.as_ascii())?,
            authentication: Authentication::Federated(Box::new(federation)),
        });
    }
    Ok(TenantParts {
        domains,
        ..TenantParts::new(name)
    })
}

/// The tenant with everybody in it whom Entra would hold by the plan, in the place of those with the
/// same source anchors.
///
/// # Errors
/// The first thing that Graph would refuse.
pub fn fill(plan: &Plan, mut parts: TenantParts) -> Result<Tenant, TenantError> {
    let anchors = anchors(&plan.users);
    parts.users.retain(|user| {
        let anchor = user.on_premises_immutable_id.as_ref();
        anchor.is_none_or(|anchor| !anchors.contains(anchor.as_str()))
    });
    parts.users.extend(plan.users.iter().filter_map(held));
    Tenant::build(parts)
}

/// The user as Entra would hold it.
fn held(planned: &Planned) -> Option<User> {
    let name = SignInName::parse(planned.held_as.as_deref()?).ok()?;
    let user = user(planned).ok()?;
    Some(User {
        id: User::new(name.clone()).id,
        user_principal_name: name,
        ..user
    })
}

/// The text of a file with this tenant.
///
/// # Errors
/// [`TenantFileError::Toml`].
pub fn tenant_file(tenant: &Tenant) -> Result<String, TenantFileError> {
    let domains = tenant.parts().domains.into_iter();
    let file = File {
        tenant: [Written {
            name: tenant.name(),
            domain: domains.map(WrittenDomain::from).collect(),
            user: tenant.users(),
        }],
    };
    Ok(toml::to_string(&file)?)
}

#[derive(Serialize)]
struct File<'t> {
    tenant: [Written<'t>; 1],
}

#[derive(Serialize)]
struct Written<'t> {
    name: &'t DomainName,
    domain: Vec<WrittenDomain>,
    user: &'t [User],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenDomain {
    id: DomainName,
    is_root: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    federation_configuration: Option<InternalDomainFederation>,
}

impl From<Domain> for WrittenDomain {
    fn from(domain: Domain) -> Self {
        Self {
            id: domain.name,
            is_root: !matches!(domain.authentication, Authentication::Inherited),
            federation_configuration: match domain.authentication {
                Authentication::Federated(federation) => Some(*federation),
                Authentication::Managed | Authentication::Inherited => None,
            },
        }
    }
}
