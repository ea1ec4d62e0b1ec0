//! Every key that may be written, and nothing else.

use serde::Deserialize;
use toml::Spanned;

use crate::entra::{
    Application, DomainName, HomeRealmDiscoveryPolicy, InternalDomainFederation, User,
    ValidatingDomains,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) tenant: Vec<Spanned<Tenant>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Tenant {
    pub(super) name: DomainName,
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) domain: Vec<Spanned<Domain>>,
    #[serde(default)]
    pub(super) user: Vec<Spanned<User>>,
    #[serde(default)]
    pub(super) application: Vec<Application>,
    pub(super) home_realm_discovery_policy: Option<Spanned<HomeRealmDiscoveryPolicy>>,
    pub(super) federated_token_validation_policy: Option<Spanned<TokenValidation>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Domain {
    pub(super) id: DomainName,
    #[serde(default)]
    pub(super) is_default: bool,
    /// Without it, what stands below another domain of the tenant inherits.
    pub(super) is_root: Option<bool>,
    pub(super) federation_configuration: Option<InternalDomainFederation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TokenValidation {
    pub(super) validating_domains: ValidatingDomains,
}
