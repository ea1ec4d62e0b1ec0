//! `openid` of an `[[upstream]]`.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::super::Credential;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct OpenId {
    pub issuer: Spanned<String>,
    pub client_id: Spanned<String>,
    pub client_credential: Spanned<Credential>,
    pub scopes: Option<Vec<Spanned<String>>>,
    pub address_claim: Option<Spanned<String>>,
    pub verified_claim: Option<Spanned<String>>,
    #[serde(default)]
    pub unverified_on_purpose: bool,
    pub several_factors: Option<SeveralFactors>,
    pub clock_skew_seconds: Option<Spanned<u32>>,
    pub ca: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct SeveralFactors {
    #[serde(default)]
    pub acr: Vec<String>,
    #[serde(default)]
    pub amr: Vec<String>,
}
