//! `[[relying_party]]`.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{Access, Claim, EncryptAssertions, EncryptionAlgorithm, Metadata, NameId};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // the keys of a file, each a switch of its own
pub(in crate::config) struct RelyingParty {
    pub entity_id: Spanned<String>,
    pub preset: Preset,
    pub display_name: Option<String>,
    pub audience: Option<String>,
    pub protocols: Option<Spanned<Vec<Protocol>>>,
    pub assertion_consumer_services: Option<Spanned<Vec<Spanned<String>>>>,
    pub metadata: Option<Spanned<Metadata>>,
    pub reply_addresses: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    pub token: Token,
    pub request_signatures: Option<RequestSignatures>,
    #[serde(default)]
    pub request_certificates: Vec<PathBuf>,
    #[serde(default)]
    pub permit_sha1_requests: bool,
    pub single_logout_service: Option<Spanned<String>>,
    pub single_logout_response_service: Option<Spanned<String>>,
    pub single_logout_binding: Option<Spanned<LogoutBinding>>,
    #[serde(default)]
    pub permit_unsigned_logout: bool,
    #[serde(default)]
    pub idp_initiated: bool,
    #[serde(default)]
    pub password_expiry: bool,
    #[serde(default)]
    pub sign_response: bool,
    pub encrypt_assertions: Option<Spanned<EncryptAssertions>>,
    pub encryption_certificate: Option<Spanned<PathBuf>>,
    pub encryption_algorithm: Option<Spanned<EncryptionAlgorithm>>,
    pub assertion_lifetime_minutes: Option<Spanned<u32>>,
    pub not_before_skew_seconds: Option<Spanned<u32>>,
    pub issuer: Option<Spanned<String>>,
    pub name_id: Option<Spanned<NameId>>,
    pub access: Option<Spanned<Access>>,
    #[serde(default)]
    pub claim: Vec<Claim>,
    pub ws_trust_addresses: Option<Vec<Spanned<String>>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Preset {
    Entra,
    EntraExternal,
    Saml2,
    WsFederation,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum RequestSignatures {
    NotVerified,
    WhenPresent,
    Required,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Protocol {
    Saml2,
    WsFederation,
    WsTrust,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum LogoutBinding {
    Redirect,
    Post,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(in crate::config) enum Token {
    #[default]
    #[serde(rename = "saml1.1")]
    Saml1,
    #[serde(rename = "saml2")]
    Saml2,
}
