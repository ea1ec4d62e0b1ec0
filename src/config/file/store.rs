use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::Credential;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Store {
    pub servers: Spanned<Vec<Spanned<String>>>,
    pub user: Option<Spanned<String>>,
    pub password: Option<Spanned<Credential>>,
    pub ca: Option<PathBuf>,
    #[serde(default)]
    pub plaintext_on_purpose: bool,
    pub prefix: Option<Spanned<String>>,
    pub seal_key: Spanned<Credential>,
    pub other_seal_key: Option<Spanned<Credential>>,
    pub deadline_milliseconds: Option<Spanned<u32>>,
    #[serde(default)]
    pub when_unavailable: WhenUnavailable,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum WhenUnavailable {
    #[default]
    GoOn,
    Refuse,
}
