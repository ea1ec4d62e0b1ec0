//! Namespace, identifiers and element names of SAML 1.1.

use crate::xml::Name;

/// The namespace. SAML 1.1 kept that of 1.0 (SAML core 1.1, 1.2).
pub(super) const ASSERTION: &str = "urn:oasis:names:tc:SAML:1.0:assertion";

/// What a `TokenType` calls a SAML 1.1 assertion. MSAL for .NET takes this spelling for SAML 1.1,
/// and every other one for SAML 2.0.
pub const TOKEN_TYPE: &str = ASSERTION;

/// The unspecified format of a `NameIdentifier` (SAML core 1.1, 7.3.1): what it means is agreed on
/// elsewhere. AD FS writes it for Entra.
pub const NAME_IDENTIFIER_UNSPECIFIED: &str =
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

pub(super) const BEARER: &str = "urn:oasis:names:tc:SAML:1.0:cm:bearer";

pub(super) const fn saml(local: &'static str) -> Name {
    Name::new("saml", ASSERTION, local)
}
