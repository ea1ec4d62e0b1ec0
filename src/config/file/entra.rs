//! `[entra]`: the tenant whose domains are federated with us.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::Credential;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Entra {
    #[serde(default)]
    pub cloud: Cloud,
    #[serde(default)]
    pub protocol: FederationProtocol,
    pub display_name: Option<String>,
    #[serde(default)]
    pub federated_idp_mfa_behavior: MfaBehavior,
    pub tenant: Option<Spanned<String>>,
    pub client_id: Option<Spanned<String>>,
    pub credential: Option<Spanned<Credential>>,
    pub graph_url: Option<Spanned<String>>,
    pub login_url: Option<Spanned<String>>,
    pub ca: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Cloud {
    #[default]
    Global,
    UsGovernment,
    UsGovernmentDod,
    China,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum FederationProtocol {
    #[default]
    Saml2,
    WsFederation,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum MfaBehavior {
    #[default]
    Reject,
    Accept,
    Enforce,
}
