use serde::Serialize;

/// By which protocol an identity provider vouches for a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// SAML 2.0 web single sign-on: for browsers.
    Saml,
    /// WS-Federation's passive requestor profile: for browsers.
    WsFederation,
    /// WS-Trust: for applications that ask for name and password themselves.
    WsTrust,
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Saml => "SAML 2.0",
            Self::WsFederation => "WS-Federation",
            Self::WsTrust => "WS-Trust",
        })
    }
}
