//! What Entra tells an application about the domain of a name, before a password is asked for.

use serde::{Deserialize, Serialize};

use super::{
    Authentication, PreferredAuthenticationProtocol, SignInName, Tenant, query::percent_encode,
};

/// The answer of `/common/userrealm/{name}` in `api-version` 1.0 (facts 3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRealm {
    /// `1.0`.
    pub ver: String,
    /// `Federated`, `Managed` or `Unknown`, written so: MSAL for Python compares it by the letter.
    pub account_type: String,
    /// The domain of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_name: Option<String>,
    /// `WSTrust`. What Entra says for a federation by SAML is not known (facts 8), so that the
    /// simulator says nothing then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_protocol: Option<String>,
    /// `metadataExchangeUri`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_metadata_url: Option<String>,
    /// `activeSignInUri`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_active_auth_url: Option<String>,
    /// The host of Entra's endpoints.
    pub cloud_instance_name: String,
    /// Whom a token has to be for.
    pub cloud_audience_urn: String,
}

impl UserRealm {
    /// Where an application asks for the realm of a name. The address names no tenant, whichever one
    /// the application belongs to.
    pub fn address(entra: &str, name: &str) -> String {
        // An at sign needs no encoding in a path, and MSAL does not encode it.
        let name = percent_encode(name).replace("%40", "@");
        format!("{entra}/common/userrealm/{name}?api-version=1.0")
    }

    /// Whether another identity provider vouches for the domain.
    pub fn is_federated(&self) -> bool {
        self.account_type == "Federated"
    }

    /// The domain of the name alone decides, as everywhere at `/common`: whether there is such a
    /// user is not told, and the email of a partner leads to nobody's domain.
    pub(super) fn of(
        tenant: &Tenant,
        name: Option<&SignInName>,
        cloud_instance_name: &str,
        audience: &str,
    ) -> Self {
        let root = name.and_then(|name| tenant.root_of(name.domain()));
        let (account_type, federation) = match root.map(|root| &root.authentication) {
            Some(Authentication::Federated(federation)) => ("Federated", Some(federation)),
            Some(Authentication::Managed | Authentication::Inherited) => ("Managed", None),
            None => ("Unknown", None),
        };
        let active = federation.filter(|federation| {
            let preferred = federation.preferred_authentication_protocol;
            preferred == PreferredAuthenticationProtocol::WsFed
        });
        Self {
            ver: "1.0".to_owned(),
            account_type: account_type.to_owned(),
            domain_name: name.map(|name| name.domain().to_string()),
            federation_protocol: active.map(|_| "WSTrust".to_owned()),
            federation_metadata_url: active.and_then(|it| it.metadata_exchange_uri.clone()),
            federation_active_auth_url: active.and_then(|it| it.active_sign_in_uri.clone()),
            cloud_instance_name: cloud_instance_name.to_owned(),
            cloud_audience_urn: audience.to_owned(),
        }
    }
}
