use serde::{Deserialize, Serialize};

/// A protocol by which a relying party may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// SAML 2.0 web single sign-on.
    #[serde(rename = "s")]
    Saml2,
    /// WS-Federation for browsers.
    #[serde(rename = "w")]
    WsFederation,
    /// WS-Trust for programs, where it is switched on.
    #[serde(rename = "t")]
    WsTrust,
}

impl Protocol {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Saml2, Self::WsFederation, Self::WsTrust];

    /// Its name in the configuration and in the audit trail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saml2 => "saml2",
            Self::WsFederation => "ws-federation",
            Self::WsTrust => "ws-trust",
        }
    }
}

/// What a relying party is answered by WS-Federation.
#[derive(Clone, Debug)]
pub struct WsFederation {
    /// Where answers may go, the default one first. A request's `wreply` must equal one character
    /// for character.
    pub reply_addresses: Vec<String>,
    /// The token it reads.
    pub token: TokenVersion,
}

/// Which SAML a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenVersion {
    /// SAML 1.1: what Entra reads, and most applications that were made for AD FS.
    Saml1,
    /// SAML 2.0.
    Saml2,
}

impl WsFederation {
    /// Whether answers may go to this address.
    pub fn is_reply_address(&self, url: &str) -> bool {
        self.reply_addresses.iter().any(|known| known == url)
    }

    /// The token that most read.
    pub(super) fn new(reply_addresses: Vec<String>) -> Self {
        Self {
            reply_addresses,
            token: TokenVersion::Saml1,
        }
    }
}
