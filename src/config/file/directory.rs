//! `[[directory]]`.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{Credential, one_minute};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // the keys of a file, each a switch of its own
pub(in crate::config) struct Directory {
    pub name: Option<Spanned<String>>,
    pub email_domains: Option<Vec<Spanned<String>>>,
    pub servers: Option<Spanned<Vec<Spanned<String>>>>,
    pub discover: Option<Spanned<Discover>>,
    #[serde(default)]
    pub starttls: bool,
    #[serde(default)]
    pub plaintext_on_purpose: bool,
    #[serde(default)]
    pub password_change: PasswordChange,
    pub ca: Option<PathBuf>,
    pub bind_dn: Spanned<String>,
    pub bind_password: Spanned<Credential>,
    pub base: Spanned<String>,
    pub scope: Option<Vec<Spanned<String>>>,
    pub filter: Option<Spanned<String>>,
    #[serde(default = "sign_in_attributes")]
    pub sign_in_attributes: Spanned<Vec<SignInAttribute>>,
    pub immutable_id: Option<Spanned<ImmutableId>>,
    #[serde(default)]
    pub permit_privileged_accounts: bool,
    #[serde(default)]
    pub refuse_groups: Vec<Spanned<String>>,
    #[serde(default)]
    pub own_domains: Vec<Spanned<String>>,
    #[serde(default)]
    pub permit_own_domains: bool,
    #[serde(default = "five_seconds")]
    pub deadline_seconds: Spanned<u32>,
    #[serde(default = "seven_hundred")]
    pub attempt_milliseconds: Spanned<u32>,
    #[serde(default = "two")]
    pub search_connections: Spanned<u32>,
    #[serde(default = "sixty_four")]
    pub searches_at_once: Spanned<u32>,
    #[serde(default = "sixteen")]
    pub password_connections: Spanned<u32>,
    #[serde(default = "one_minute")]
    pub mapping_cache_seconds: Spanned<u32>,
}

/// `discover`: servers found by DNS.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Discover {
    pub domain: Spanned<String>,
    pub site: Option<Spanned<String>>,
    #[serde(default)]
    pub within: Vec<Spanned<String>>,
    #[serde(default)]
    pub dns_servers: Vec<Spanned<String>>,
    #[serde(default = "six_three_six")]
    pub ldaps_port: Spanned<u32>,
    #[serde(default)]
    pub certificate_names: CertificateNames,
}

/// The names that the certificate of a discovered server must have.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum CertificateNames {
    #[default]
    ServerAndDomain,
    Server,
}

fn six_three_six() -> Spanned<u32> {
    Spanned::new(0..0, 636)
}

fn sign_in_attributes() -> Spanned<Vec<SignInAttribute>> {
    Spanned::new(
        0..0,
        vec![
            SignInAttribute::Mail,
            SignInAttribute::ProxyAddresses,
            SignInAttribute::UserPrincipalName,
        ],
    )
}

fn five_seconds() -> Spanned<u32> {
    Spanned::new(0..0, 5)
}

fn seven_hundred() -> Spanned<u32> {
    Spanned::new(0..0, 700)
}

fn two() -> Spanned<u32> {
    Spanned::new(0..0, 2)
}

fn sixty_four() -> Spanned<u32> {
    Spanned::new(0..0, 64)
}

fn sixteen() -> Spanned<u32> {
    Spanned::new(0..0, 16)
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum PasswordChange {
    #[default]
    Off,
    ActiveDirectory,
    PasswordModify,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(in crate::config) enum SignInAttribute {
    #[serde(rename = "mail")]
    Mail,
    #[serde(rename = "proxyAddresses")]
    ProxyAddresses,
    #[serde(rename = "userPrincipalName")]
    UserPrincipalName,
    #[serde(rename = "sAMAccountName")]
    SamAccountName,
}

#[derive(Debug, Deserialize)]
pub(in crate::config) enum ImmutableId {
    #[serde(rename = "consistency-guid-then-object-guid")]
    ConsistencyGuidThenObjectGuid,
    #[serde(rename = "object-guid")]
    ObjectGuid,
    #[serde(rename = "text-attribute")]
    TextAttribute(String),
    #[serde(rename = "binary-attribute")]
    BinaryAttribute(String),
}
