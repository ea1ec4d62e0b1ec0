//! `[sync]`.

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Sync {
    pub tenant: Option<Spanned<String>>,
    #[serde(default)]
    pub verified_domains: Vec<Spanned<String>>,
    pub user_type_attribute: Option<Spanned<String>>,
    pub guest_upn_suffixes: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub guest_units: Vec<Spanned<String>>,
}
