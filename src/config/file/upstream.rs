//! `[[upstream]]`.

mod openid;
mod saml2;

pub(in crate::config) use openid::OpenId;
pub(in crate::config) use saml2::{Address, LoginHint, Saml2};

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Upstream {
    pub name: Spanned<String>,
    pub display_name: Option<String>,
    #[serde(default)]
    pub email_domains: Vec<Spanned<String>>,
    #[serde(default)]
    pub addresses: Vec<Spanned<String>>,
    #[serde(default)]
    pub trusted_for_mfa: bool,
    pub saml2: Option<Spanned<Saml2>>,
    pub openid: Option<Spanned<OpenId>>,
}
