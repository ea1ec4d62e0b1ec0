//! Namespaces, identifiers and element names of SOAP, WS-Addressing, WS-Security and WS-Trust.

use crate::xml::Name;

pub(super) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
pub(super) const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
pub(super) const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
pub(super) const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
pub(super) const POLICY: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const TRUST_2005: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
const TRUST_13: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";

/// Another name of the SAML 1.1 token type (WSS SAML Token Profile 1.1, 3.4); a request may use either.
pub(super) const SAML11_BY_PROFILE: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1";
/// How an assertion of SAML 1.1 is referred to (WSS SAML Token Profile 1.0, 3.4.1).
pub(super) const SAML11_ASSERTION_ID: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID";

/// "Answer by the way that the request came" (WS-Addressing 1.0 Core, 2.1).
pub(super) const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";
/// The action of a fault (WS-Addressing 1.0 SOAP Binding, 6).
pub(super) const FAULT_ACTION: &str = "http://www.w3.org/2005/08/addressing/soap/fault";
/// A password as it is (WSS `UsernameToken` Profile 1.1, 3.1); also what is meant without a type.
pub(super) const PASSWORD_TEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

/// A version of WS-Trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// February 2005: the one that MSAL for .NET finds in a MEX document.
    Feb2005,
    /// 1.3, of OASIS: the one that MSAL for Python prefers.
    V13,
}

impl Version {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Feb2005, Self::V13];

    /// Where AD FS has the endpoint, below its host. Kept, since MSAL guesses the version from
    /// this text where Entra names no MEX document.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Feb2005 => "/adfs/services/trust/2005/usernamemixed",
            Self::V13 => "/adfs/services/trust/13/usernamemixed",
        }
    }

    pub(super) const fn namespace(self) -> &'static str {
        match self {
            Self::Feb2005 => TRUST_2005,
            Self::V13 => TRUST_13,
        }
    }

    /// The action of a request for a token (WS-Trust 1.3, 4.1; February 2005, 3.1).
    pub const fn request_action(self) -> &'static str {
        match self {
            Self::Feb2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
        }
    }

    /// The action of the answer that has it.
    pub(super) const fn response_action(self) -> &'static str {
        match self {
            Self::Feb2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/Issue",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTRC/IssueFinal",
        }
    }

    /// "Issue", the one thing that may be asked for.
    pub(super) const fn issue(self) -> &'static str {
        match self {
            Self::Feb2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/Issue",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue",
        }
    }

    /// A token that its bearer need not prove anything for. February 2005 had no name for it;
    /// AD FS and MSAL use the one of the Identity Selector Interoperability Profile.
    pub(super) const fn bearer(self) -> &'static str {
        match self {
            Self::Feb2005 => "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
        }
    }

    pub(super) const fn trust(self, local: &'static str) -> Name {
        Name::new("t", self.namespace(), local)
    }
}

pub(super) const fn soap(local: &'static str) -> Name {
    Name::new("s", SOAP, local)
}

pub(super) const fn wsa(local: &'static str) -> Name {
    Name::new("a", ADDRESSING, local)
}

pub(super) const fn wsse(local: &'static str) -> Name {
    Name::new("o", SECURITY, local)
}

pub(super) const fn wsu(local: &'static str) -> Name {
    Name::new("u", UTILITY, local)
}

pub(super) const fn wsp(local: &'static str) -> Name {
    Name::new("wsp", POLICY, local)
}
