//! Namespaces, actions and element names.

use crate::xml::Name;

/// `wa` of a request to sign somebody in, and of its answer (MS-MWBF 2.2.3 and 2.2.4).
pub const ACTION_SIGN_IN: &str = "wsignin1.0";
/// `wa` of a request to end the session, everywhere (MS-MWBF 2.2.5).
pub const ACTION_SIGN_OUT: &str = "wsignout1.0";
/// `wa` of a request to end one's own session (MS-MWBF 2.2.6).
pub const ACTION_CLEAN_UP: &str = "wsignoutcleanup1.0";

pub(super) const TRUST: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
pub(super) const FEDERATION: &str = "http://docs.oasis-open.org/wsfed/federation/200706";
pub(super) const TRUST_13: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
const AUTHORIZATION: &str = "http://docs.oasis-open.org/wsfed/authorization/200706";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const POLICY: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

pub(super) const fn t(local: &'static str) -> Name {
    Name::new("t", TRUST, local)
}

pub(super) const fn wsu(local: &'static str) -> Name {
    Name::new("wsu", UTILITY, local)
}

pub(super) const fn wsp(local: &'static str) -> Name {
    Name::new("wsp", POLICY, local)
}

pub(super) const fn wsa(local: &'static str) -> Name {
    Name::new("wsa", ADDRESSING, local)
}

pub(super) const fn fed(local: &'static str) -> Name {
    Name::new("fed", FEDERATION, local)
}

pub(super) const fn auth(local: &'static str) -> Name {
    Name::new("auth", AUTHORIZATION, local)
}

pub(super) const fn md(local: &'static str) -> Name {
    Name::new("md", METADATA, local)
}

pub(super) const fn xsi(local: &'static str) -> Name {
    Name::new("xsi", SCHEMA_INSTANCE, local)
}
