//! The planned tenant as a file for `homerealm simulate --tenant`.

use serde::Serialize;

use crate::{
    entra::{DomainName, InternalDomainFederation, NameError, User},
    realm,
};

use super::{Plan, Terms, derive::user};

/// Why there is no such file.
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

#[derive(Serialize)]
struct File {
    tenant: [Tenant; 1],
}

#[derive(Serialize)]
struct Tenant {
    name: DomainName,
    domain: Vec<Domain>,
    user: Vec<User>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Domain {
    id: DomainName,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_root: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    federation_configuration: Option<InternalDomainFederation>,
}

/// The tenant with its domains, and with the users that have no conflict. `federations` are the
/// federated domains, each with what is registered for it.
///
/// # Errors
/// [`TenantFileError`].
pub fn tenant_file(
    terms: &Terms,
    plan: &Plan,
    federations: Vec<(realm::DomainName, InternalDomainFederation)>,
) -> Result<String, TenantFileError> {
    let name = terms.tenant.clone().ok_or(TenantFileError::NoTenant)?;
    let mut domain = Vec::new();
    for managed in &terms.verified_domains {
        let is_federated = terms.is_federated(managed);
        if !is_federated && managed.as_ascii() != name.as_str() {
            domain.push(Domain {
                id: DomainName::parse(managed.as_ascii())?,
                is_root: None,
                federation_configuration: None,
            });
        }
    }
    for (federated, federation) in federations {
        domain.push(Domain {
            id: DomainName::parse(federated.as_ascii())?,
            is_root: Some(true),
            federation_configuration: Some(federation),
        });
    }
    // Whoever cannot be a user has a conflict.
    let user = plan.good_users().filter_map(|planned| user(planned).ok());
    let file = File {
        tenant: [Tenant {
            name,
            domain,
            user: user.collect(),
        }],
    };
    Ok(toml::to_string(&file)?)
}
