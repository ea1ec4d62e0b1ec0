//! `saml2` of an `[[upstream]]`.

use serde::Deserialize;

/// Nothing can be written here yet.
#[derive(Debug, Deserialize)]
pub(in crate::config) enum Saml2 {}
