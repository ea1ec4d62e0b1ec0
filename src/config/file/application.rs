//! `[[application]]`.

use serde::Deserialize;
use toml::Spanned;

use super::Access;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Application {
    pub name: Spanned<String>,
    pub id: Option<Spanned<String>>,
    pub link: Spanned<String>,
    pub hints: Option<Vec<Hint>>,
    pub access: Option<Spanned<Access>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(in crate::config) enum Hint {
    #[serde(rename = "login_hint")]
    Login,
    #[serde(rename = "domain_hint")]
    Domain,
    #[serde(rename = "whr")]
    HomeRealm,
}
