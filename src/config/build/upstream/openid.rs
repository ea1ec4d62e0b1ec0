//! `openid` of an `[[upstream]]`.

use std::path::Path;

use toml::Spanned;

use crate::upstream::openid::OpenId;

use super::super::super::{ConfigError, error::Source, file};

/// Its settings, secrets still files.
#[derive(Debug)]
pub(in crate::config) enum OpenIdFiles {}

pub(super) fn build(
    table: &Spanned<file::UpstreamOpenId>,
    _base_url: &str,
    _source: Source<'_>,
    _folder: &Path,
) -> Result<OpenIdFiles, ConfigError> {
    match *table.as_ref() {}
}

impl OpenIdFiles {
    pub(in crate::config) fn load(&self) -> Result<OpenId, ConfigError> {
        match *self {}
    }
}
