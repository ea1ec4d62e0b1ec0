//! `saml2` of an `[[upstream]]`.

use std::path::Path;

use toml::Spanned;

use crate::upstream::saml2::Saml2;

use super::super::super::{ConfigError, error::Source, file};

/// Its settings, certificates still files.
#[derive(Debug)]
pub(in crate::config) enum Saml2Files {}

pub(super) fn build(
    table: &Spanned<file::UpstreamSaml2>,
    _base_url: &str,
    _source: Source<'_>,
    _folder: &Path,
) -> Result<Saml2Files, ConfigError> {
    match *table.as_ref() {}
}

impl Saml2Files {
    pub(in crate::config) fn load(&self) -> Result<Saml2, ConfigError> {
        match *self {}
    }
}
