use hyper::Method;
use time::OffsetDateTime;

use super::{GraphError, Resource};
use crate::{
    entra::{DomainName, Simulator, Tenant},
    http::Request,
};

impl Simulator {
    /// The tenant of the application whose token a request brings, if it brings one; one that is not
    /// good, or not for this, is refused. Where no application has been given permissions, there is no
    /// way to a token, and whoever reaches the listener is the administrator.
    pub(super) fn graph_access(
        &self,
        resource: Option<&Resource>,
        method: &Method,
        request: &Request,
    ) -> Result<Option<DomainName>, GraphError> {
        let Some(header) = request.header("authorization") else {
            let tenants = self.tenants();
            let mut applications = tenants.iter().flat_map(Tenant::applications);
            return if applications.any(|it| !it.application_permissions.is_empty()) {
                Err(GraphError::Token("Access token is empty."))
            } else {
                Ok(None)
            };
        };
        let token = header.strip_prefix("Bearer ").unwrap_or_default();
        let access = self
            .access_by(token, OffsetDateTime::now_utc())
            .ok_or(GraphError::Token("Access token validation failure."))?;
        let Some(resource) = resource else {
            return Ok(Some(access.tenant));
        };
        let any = permissions(resource, *method == Method::GET);
        if access
            .permissions
            .iter()
            .any(|permission| any.contains(&permission.as_str()))
        {
            Ok(Some(access.tenant))
        } else {
            Err(GraphError::Forbidden)
        }
    }
}

/// The application permissions of which any is enough, by Graph's reference.
fn permissions(resource: &Resource, reads: bool) -> &'static [&'static str] {
    match (resource, reads) {
        (Resource::Organization, _) => &[
            "Organization.Read.All",
            "Organization.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        (Resource::Domains | Resource::Domain(_) | Resource::Promote(_), true) => &[
            "Domain.Read.All",
            "Domain.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        (Resource::Domains | Resource::Domain(_) | Resource::Promote(_), false) => {
            &["Domain.ReadWrite.All"]
        }
        (Resource::FederationConfiguration(_) | Resource::Federation(..), true) => &[
            "Domain-InternalFederation.Read.All",
            "Domain-InternalFederation.ReadWrite.All",
            "Domain.Read.All",
            "Domain.ReadWrite.All",
        ],
        (Resource::FederationConfiguration(_) | Resource::Federation(..), false) => &[
            "Domain-InternalFederation.ReadWrite.All",
            "Domain.ReadWrite.All",
        ],
        (Resource::Users | Resource::UsersDelta | Resource::User(_), true) => &[
            "User.Read.All",
            "User.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        (Resource::Users | Resource::UsersDelta | Resource::User(_), false) => {
            &["User.ReadWrite.All", "Directory.ReadWrite.All"]
        }
        (
            Resource::Applications
            | Resource::Application(_)
            | Resource::ServicePrincipals
            | Resource::ServicePrincipal(_),
            true,
        ) => &["Application.Read.All", "Application.ReadWrite.All"],
        (
            Resource::Applications
            | Resource::Application(_)
            | Resource::ServicePrincipals
            | Resource::ServicePrincipal(_)
            | Resource::PoliciesOf(_)
            | Resource::PolicyReferences(_)
            | Resource::PolicyReference(..),
            false,
        ) => &["Application.ReadWrite.All"],
        (
            Resource::PolicyAppliesTo(_)
            | Resource::PoliciesOf(_)
            | Resource::PolicyReferences(_)
            | Resource::PolicyReference(..),
            true,
        ) => &["Policy.Read.All", "Application.ReadWrite.All"],
        (Resource::HomeRealmDiscoveryPolicies | Resource::HomeRealmDiscoveryPolicy(_), true) => {
            &["Policy.Read.All"]
        }
        (
            Resource::HomeRealmDiscoveryPolicies
            | Resource::HomeRealmDiscoveryPolicy(_)
            | Resource::PolicyAppliesTo(_),
            false,
        ) => &["Policy.ReadWrite.ApplicationConfiguration"],
        (Resource::FederatedTokenValidationPolicy, _) => &["Policy.ReadWrite.FedTokenValidation"],
    }
}
