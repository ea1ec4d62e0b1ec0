//! `saml2` of an `[[upstream]]`.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::super::{Metadata, OneOrSeveral};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Saml2 {
    pub entity_id: Spanned<String>,
    pub metadata: Option<Spanned<Metadata>>,
    pub single_sign_on_service: Option<Spanned<String>>,
    pub certificates: Option<OneOrSeveral<PathBuf>>,
    pub own_entity_id: Option<Spanned<String>>,
    #[serde(default)]
    pub address: Address,
    #[serde(default)]
    pub login_hint: LoginHint,
    pub several_factors: Option<Vec<String>>,
    pub clock_skew_seconds: Option<Spanned<u32>>,
}

/// `"name-id"` or `{ attribute = "NAME" }`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Address {
    #[default]
    NameId,
    Attribute(String),
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum LoginHint {
    #[default]
    Parameter,
    Subject,
    Off,
}
