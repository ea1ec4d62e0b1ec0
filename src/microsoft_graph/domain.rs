use serde::{Deserialize, Serialize};

use super::{Graph, GraphError, segment};

/// A domain of the tenant, as far as federations need to know it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools)] // as Graph has it
pub struct Domain {
    /// Its name.
    pub id: String,
    /// How its users authenticate.
    pub authentication_type: AuthenticationType,
    /// Whether new users are given it.
    #[serde(default)]
    pub is_default: bool,
    /// Whether it is the tenant's first one, below onmicrosoft.com.
    #[serde(default)]
    pub is_initial: bool,
    /// Whether it decides for itself; otherwise the domain above it decides.
    #[serde(default)]
    pub is_root: bool,
    /// Whether the tenant has proven that it is its own.
    #[serde(default)]
    pub is_verified: bool,
}

/// How the users of a domain authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum AuthenticationType {
    /// Entra itself asks for the password.
    Managed,
    /// Another identity provider vouches for them.
    Federated,
    /// What Graph's documentation does not know.
    #[serde(other)]
    Other,
}

/// `internalDomainFederation`, as it is sent and as it comes back. What is `None` is not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FederationConfiguration {
    #[serde(rename = "@odata.type", skip_serializing_if = "Option::is_none")]
    pub(crate) odata_type: Option<String>,
    /// What PATCH and DELETE need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The brand on Entra's pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What the Issuer of each assertion must equal, character for character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_uri: Option<String>,
    /// Where browsers are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passive_sign_in_uri: Option<String>,
    /// Where applications ask by WS-Trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_sign_in_uri: Option<String>,
    /// Where they learn by which versions of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_exchange_uri: Option<String>,
    /// Where browsers are sent to sign out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_out_uri: Option<String>,
    /// Base64 of DER, without armour and line breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_certificate: Option<String>,
    /// Trusted as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_signing_certificate: Option<String>,
    /// `saml` or `wsFed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_authentication_protocol: Option<String>,
    /// What an application's `prompt=login` becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_login_behavior: Option<String>,
    /// Whether requests by SAML are signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_signed_authentication_request_required: Option<bool>,
    /// What becomes of a second factor of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub federated_idp_mfa_behavior: Option<String>,
}

/// The certificates of a federation, as a rollover changes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificates<'a> {
    signing_certificate: &'a str,
    /// Sent when it is none, too: then the former one goes.
    next_signing_certificate: Option<&'a str>,
}

impl Graph {
    /// All domains of the tenant.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn domains(&mut self) -> Result<Vec<Domain>, GraphError> {
        self.list("domains").await
    }

    /// The federation of a domain, if it has one.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn federation(
        &mut self,
        domain: &str,
    ) -> Result<Option<FederationConfiguration>, GraphError> {
        let path = format!("domains/{}/federationConfiguration", segment(domain));
        match self.list(&path).await {
            Ok(found) => Ok(found.into_iter().next()),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Has Entra trust these two certificates of a federation, and no others.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn trust_certificates(
        &mut self,
        domain: &str,
        federation: &str,
        (signing, next): (&str, Option<&str>),
    ) -> Result<(), GraphError> {
        let (domain, federation) = (segment(domain), segment(federation));
        let path = format!("domains/{domain}/federationConfiguration/{federation}");
        let certificates = Certificates {
            signing_certificate: signing,
            next_signing_certificate: next,
        };
        self.patch(&path, &certificates).await
    }
}
