/// What went wrong, as SAML core 3.2.2.2 names it: a top-level code and the second-level one that
/// says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `IsPassive` was asked for and nobody is signed in.
    NoPassive,
    /// None of the authentication contexts asked for can be met.
    NoAuthnContext,
    /// The `NameIDPolicy` asks for a format we do not issue.
    InvalidNameIdPolicy,
    /// The request needs something that is not supported.
    RequestUnsupported,
    /// The request is understood and refused: stale, replayed, or inconsistent with its trust.
    RequestDenied,
    /// The person that a request names is not the one who is signed in.
    UnknownPrincipal,
    /// The version is not 2.0.
    VersionMismatch,
    /// We could not sign or store; it is our fault, and may pass.
    Responder,
}

/// What was asked for is done.
pub(super) const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// Not everybody who took part in a session could be told of its end.
pub(super) const PARTIAL_LOGOUT: &str = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";
const REQUESTER: &str = "urn:oasis:names:tc:SAML:2.0:status:Requester";
const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";

impl Status {
    /// The top-level `StatusCode/@Value`.
    pub fn top_level(self) -> &'static str {
        match self {
            Self::InvalidNameIdPolicy
            | Self::RequestUnsupported
            | Self::RequestDenied
            | Self::UnknownPrincipal => REQUESTER,
            Self::NoPassive | Self::NoAuthnContext | Self::Responder => RESPONDER,
            Self::VersionMismatch => "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch",
        }
    }

    /// The second-level `StatusCode/@Value`.
    pub fn second_level(self) -> Option<&'static str> {
        match self {
            Self::NoPassive => Some("urn:oasis:names:tc:SAML:2.0:status:NoPassive"),
            Self::NoAuthnContext => Some("urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"),
            Self::InvalidNameIdPolicy => {
                Some("urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy")
            }
            Self::RequestUnsupported => {
                Some("urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported")
            }
            Self::RequestDenied => Some("urn:oasis:names:tc:SAML:2.0:status:RequestDenied"),
            Self::UnknownPrincipal => Some("urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal"),
            Self::VersionMismatch | Self::Responder => None,
        }
    }
}
