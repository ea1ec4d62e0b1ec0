//! `[[route]]`.

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Route {
    pub name: Option<Spanned<String>>,
    #[serde(default)]
    pub email_domains: Vec<Spanned<String>>,
    #[serde(default)]
    pub addresses: Vec<Spanned<String>>,
    #[serde(default)]
    pub upn_suffixes: Vec<Spanned<String>>,
    #[serde(default)]
    pub home_realm_hints: Vec<Spanned<String>>,
    #[serde(default)]
    pub networks: Vec<Spanned<String>>,
    #[serde(default)]
    pub groups: Vec<Spanned<String>>,
    pub to: Spanned<HomeRealm>,
}

/// `"directories"`, or a table of one key, such as `{ upstream = "fabrikam" }`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum HomeRealm {
    Directories,
    Directory(String),
    Upstream(String),
    Entra(EntraDoor),
    Refuse(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct EntraDoor {
    pub link: String,
    pub domain_hint: Option<String>,
}
