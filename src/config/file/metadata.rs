use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::OneOrSeveral;

/// `metadata = { file = "sp.xml" }` or `{ url = "https://...", certificate = "signer.crt" }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Metadata {
    pub file: Option<PathBuf>,
    pub url: Option<Spanned<String>>,
    pub certificate: Option<OneOrSeveral<PathBuf>>,
    #[serde(default)]
    pub permit_sha1: bool,
    #[serde(default)]
    pub unsigned_on_purpose: bool,
    pub ca: Option<PathBuf>,
    pub refresh_seconds: Option<Spanned<u32>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum EncryptAssertions {
    #[default]
    WhenOffered,
    Required,
    Never,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum EncryptionAlgorithm {
    Aes256Gcm,
    Aes128Gcm,
}
