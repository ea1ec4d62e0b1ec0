//! Namespaces, identifiers and element names of SAML 2.0.

use crate::{trust::NameIdFormat, xml::Name};

pub(super) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(super) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(super) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
pub(super) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What a `TokenType` calls a SAML 2.0 assertion, as AD FS spells it.
pub const TOKEN_TYPE: &str = ASSERTION;

/// HTTP-POST (SAML bindings 3.5).
pub const BINDING_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
/// HTTP-Redirect (SAML bindings 3.4).
pub const BINDING_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

/// The one encoding of messages in a query (SAML bindings 3.4.4.1).
pub(super) const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// The persistent `NameID` format (SAML core 8.3.7), the only one Entra works with.
pub const NAMEID_PERSISTENT: &str = NameIdFormat::Persistent.uri();

pub(super) const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

pub(super) const fn samlp(local: &'static str) -> Name {
    Name {
        prefix: "samlp",
        namespace: PROTOCOL,
        local,
    }
}

pub(super) const fn saml(local: &'static str) -> Name {
    Name {
        prefix: "saml",
        namespace: ASSERTION,
        local,
    }
}

pub(super) const fn md(local: &'static str) -> Name {
    Name {
        prefix: "md",
        namespace: METADATA,
        local,
    }
}

pub(super) const fn ds(local: &'static str) -> Name {
    Name {
        prefix: "ds",
        namespace: DSIG,
        local,
    }
}

/// An attribute in no namespace.
pub(super) const fn plain(local: &'static str) -> Name {
    Name {
        prefix: "",
        namespace: "",
        local,
    }
}
