//! What a call is about, by its address.

use super::GraphError;
use crate::entra::{Tenant, Tenants, query::percent_decode};

/// A call to Graph: `/v1.0/...`, of the first tenant, or `/v1.0/{tenant}/...`.
pub(in crate::entra) struct Call<'r> {
    tenant: Option<&'r str>,
    pub(super) rest: &'r str,
}

/// What a call is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Organization,
    Domains,
    Domain(String),
    Promote(String),
    FederationConfiguration(String),
    Federation(String, String),
    Users,
    UsersDelta,
    User(String),
    Applications,
    Application(String),
    HomeRealmDiscoveryPolicies,
    HomeRealmDiscoveryPolicy(String),
    PolicyAppliesTo(String),
    FederatedTokenValidationPolicy,
    ServicePrincipals,
    ServicePrincipal(String),
    PoliciesOf(String),
    PolicyReferences(String),
    PolicyReference(String, String),
}

impl<'r> Call<'r> {
    /// The one that a path, without its first slash, makes.
    pub(in crate::entra) fn of(path: &'r str) -> Option<Self> {
        let rest = path.strip_prefix("v1.0/")?;
        let first = rest.split('/').next().unwrap_or(rest);
        // A tenant's name has a dot, and its id hyphens; no collection has either.
        // But for a key in brackets, which is none.
        Some(if first.contains(['.', '-']) && !first.contains('(') {
            let rest = rest.split_once('/').map_or("", |(_, rest)| rest);
            let tenant = Some(first);
            Self { tenant, rest }
        } else {
            Self { tenant: None, rest }
        })
    }

    pub(super) fn resource(&self) -> Option<Resource> {
        let segments: Option<Vec<String>> = self.rest.split('/').map(percent_decode).collect();
        let segments = segments?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let text = |text: &str| text.to_owned();
        Some(match segments.as_slice() {
            ["organization"] => Resource::Organization,
            ["domains"] => Resource::Domains,
            ["domains", id] => Resource::Domain(text(id)),
            ["domains", id, "promote"] => Resource::Promote(text(id)),
            ["domains", id, "federationConfiguration"] => {
                Resource::FederationConfiguration(text(id))
            }
            ["domains", id, "federationConfiguration", federation] => {
                Resource::Federation(text(id), text(federation))
            }
            ["users"] => Resource::Users,
            ["users", "delta"] => Resource::UsersDelta,
            ["users", id] => Resource::User(text(id)),
            ["applications"] => Resource::Applications,
            ["applications", id] => Resource::Application(text(id)),
            ["policies", "homeRealmDiscoveryPolicies"] => Resource::HomeRealmDiscoveryPolicies,
            ["policies", "homeRealmDiscoveryPolicies", id] => {
                Resource::HomeRealmDiscoveryPolicy(text(id))
            }
            ["policies", "homeRealmDiscoveryPolicies", id, "appliesTo"] => {
                Resource::PolicyAppliesTo(text(id))
            }
            ["servicePrincipals"] => Resource::ServicePrincipals,
            [principal, rest @ ..] if principal.starts_with("servicePrincipals(") => {
                let app_id = principal.strip_prefix("servicePrincipals(appId='")?;
                of_service_principal(app_id.strip_suffix("')")?, rest)?
            }
            ["servicePrincipals", id, rest @ ..] => of_service_principal(id, rest)?,
            ["policies", "federatedTokenValidationPolicy"] => {
                Resource::FederatedTokenValidationPolicy
            }
            _ => return None,
        })
    }

    pub(super) fn tenant<'t>(&self, tenants: &'t Tenants) -> Result<&'t Tenant, GraphError> {
        match self.tenant {
            None => Ok(tenants.first()),
            Some(name) => tenants
                .at_address(name)
                .ok_or_else(|| GraphError::not_found(name)),
        }
    }
}

/// What of an application is asked for.
fn of_service_principal(id: &str, rest: &[&str]) -> Option<Resource> {
    let id = id.to_owned();
    Some(match rest {
        [] => Resource::ServicePrincipal(id),
        ["homeRealmDiscoveryPolicies"] => Resource::PoliciesOf(id),
        ["homeRealmDiscoveryPolicies", "$ref"] => Resource::PolicyReferences(id),
        ["homeRealmDiscoveryPolicies", policy, "$ref"] => {
            Resource::PolicyReference(id, (*policy).to_owned())
        }
        _ => return None,
    })
}
