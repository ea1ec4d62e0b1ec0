//! The names that Entra hands on in the query of a request.

use serde::Serialize;

use super::SignInName;

/// What a hint parameter tells the identity provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// The parameter is left out.
    #[default]
    None,
    /// The name as it was typed: in the guest-sync case the email.
    Email,
    /// The cloud UPN of the user found.
    CloudUpn,
}

/// Which hints are appended to the address.
///
/// For WS-Federation both parameters were captured; for SAML, and for which name they hold in the
/// guest-sync case, nothing is known (facts 1.3, 2.1 and 8). So every variant can be chosen, and
/// an identity provider has to work with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HintPolicy {
    /// The parameter `login_hint`.
    pub login_hint: Hint,
    /// The parameter `username`.
    pub username: Hint,
}

impl HintPolicy {
    /// The same name in both parameters.
    pub fn both(hint: Hint) -> Self {
        Self {
            login_hint: hint,
            username: hint,
        }
    }
}

/// The names that there are to hand on.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The name as it was typed, where one was.
    pub typed: Option<&'a SignInName>,
    /// The cloud UPN of the user found, where one was looked for and found.
    pub cloud_upn: Option<&'a SignInName>,
}

impl Names<'_> {
    /// The one that a hint asks for. Where no user is known, there is only what was typed.
    pub(super) fn of(&self, hint: Hint) -> Option<String> {
        let name = match hint {
            Hint::None => None,
            Hint::Email => self.typed,
            Hint::CloudUpn => self.cloud_upn.or(self.typed),
        };
        name.map(SignInName::to_string)
    }
}
