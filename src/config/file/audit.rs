//! `[audit]`.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Audit {
    pub file: Option<PathBuf>,
    pub node: Option<Spanned<String>>,
    pub journald: Option<PathBuf>,
    pub syslog: Option<Spanned<String>>,
    pub when_unwritable: Option<Spanned<WhenUnwritable>>,
    pub sync: Option<Spanned<Sync>>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum WhenUnwritable {
    GoOn,
    Refuse,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Sync {
    Never,
    Each,
}
