use crate::entra::PreferredAuthenticationProtocol;

/// By which protocol somebody signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// A browser, by SAML 2.0.
    #[default]
    Saml,
    /// A browser, by WS-Federation.
    WsFed,
    /// An application that asks for the password itself, by WS-Trust.
    WsTrust,
}

impl Protocol {
    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saml => "saml2",
            Self::WsFed => "wsfed",
            Self::WsTrust => "wstrust",
        }
    }

    /// What the federation has to be registered with. WS-Trust stands beside WS-Federation.
    pub(super) fn preferred(self) -> PreferredAuthenticationProtocol {
        match self {
            Self::Saml => PreferredAuthenticationProtocol::Saml,
            Self::WsFed | Self::WsTrust => PreferredAuthenticationProtocol::WsFed,
        }
    }

    /// The name that Wendy signs in with: her email, and in an application her cloud UPN, since
    /// applications ask Entra at an address that names no tenant, where a partner's email leads
    /// nowhere.
    pub fn wendy(self) -> &'static str {
        match self {
            Self::Saml | Self::WsFed => super::WENDY,
            Self::WsTrust => super::WENDYS_CLOUD_UPN,
        }
    }
}
