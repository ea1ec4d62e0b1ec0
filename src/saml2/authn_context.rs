use crate::xml::Element;

use super::{RequestError, names::ASSERTION};

/// How the person proved who she is, as SAML names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum AuthnContextClass {
    /// A password over TLS: what Homerealm does, and what it says unless asked otherwise.
    PasswordProtectedTransport,
    /// A password: true as well, said only to one who asks for exactly this.
    Password,
    /// Said only to one who asks for exactly this.
    Unspecified,
}

impl AuthnContextClass {
    /// The URI of `AuthnContextClassRef`.
    pub fn uri(self) -> &'static str {
        match self {
            Self::PasswordProtectedTransport => {
                "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
            }
            Self::Password => "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
            Self::Unspecified => "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
        }
    }

    fn from_uri(uri: &str) -> Option<Self> {
        [
            Self::PasswordProtectedTransport,
            Self::Password,
            Self::Unspecified,
        ]
        .into_iter()
        .find(|class| class.uri() == uri)
    }

    /// Unspecified < Password < `PasswordProtectedTransport`.
    fn strength(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::Password => 1,
            Self::PasswordProtectedTransport => 2,
        }
    }
}

/// `RequestedAuthnContext/@Comparison` (SAML core 3.3.2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// One of the classes named; the default.
    Exact,
    /// At least as strong as one of them.
    Minimum,
    /// As strong as possible without exceeding one of them.
    Maximum,
    /// Stronger than each of them.
    Better,
}

/// What a request asks of the authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedAuthnContext {
    comparison: Comparison,
    classes: Vec<String>,
    by_declaration: bool,
}

impl RequestedAuthnContext {
    pub(super) fn read(element: &Element) -> Result<Self, RequestError> {
        let comparison = match element.attribute("Comparison") {
            None | Some("exact") => Comparison::Exact,
            Some("minimum") => Comparison::Minimum,
            Some("maximum") => Comparison::Maximum,
            Some("better") => Comparison::Better,
            Some(_) => return Err(RequestError::Malformed("RequestedAuthnContext/@Comparison")),
        };
        let mut classes = Vec::new();
        let mut by_declaration = false;
        for child in element.elements() {
            if child.is(ASSERTION, "AuthnContextClassRef") {
                let class = child
                    .text()
                    .ok_or(RequestError::Malformed("AuthnContextClassRef"))?;
                classes.push(class.trim().to_owned());
            } else if child.is(ASSERTION, "AuthnContextDeclRef") {
                by_declaration = true;
            } else {
                return Err(RequestError::Malformed("RequestedAuthnContext"));
            }
        }
        if classes.is_empty() && !by_declaration {
            return Err(RequestError::Malformed("RequestedAuthnContext"));
        }
        Ok(Self {
            comparison,
            classes,
            by_declaration,
        })
    }

    /// The class with which a password sign-in over TLS satisfies the request, `None` when it
    /// cannot: then the answer is `NoAuthnContext`, never something weaker than was asked.
    pub fn satisfied_by_password(&self) -> Option<AuthnContextClass> {
        if self.by_declaration {
            return None;
        }
        let ours = AuthnContextClass::PasswordProtectedTransport;
        let mut known = self
            .classes
            .iter()
            .filter_map(|uri| AuthnContextClass::from_uri(uri));
        match self.comparison {
            // The classes stand in order of preference.
            Comparison::Exact => known.next(),
            Comparison::Minimum => known
                .any(|class| class.strength() <= ours.strength())
                .then_some(ours),
            Comparison::Maximum => known.max_by_key(|class| class.strength()),
            // A class we do not know may be stronger than ours.
            Comparison::Better => (known.all(|class| class.strength() < ours.strength())
                && self
                    .classes
                    .iter()
                    .all(|uri| AuthnContextClass::from_uri(uri).is_some()))
            .then_some(ours),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PPT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    const X509: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
    const MFA: &str = "http://schemas.microsoft.com/claims/multipleauthn";

    fn asked(comparison: Comparison, classes: &[&str]) -> Option<AuthnContextClass> {
        RequestedAuthnContext {
            comparison,
            classes: classes.iter().map(ToString::to_string).collect(),
            by_declaration: false,
        }
        .satisfied_by_password()
    }

    #[test]
    fn each_comparison_is_honoured() {
        use AuthnContextClass::{Password, PasswordProtectedTransport};
        use Comparison::{Better, Exact, Maximum, Minimum};
        for (comparison, classes, answer) in [
            (Exact, &[PPT][..], Some(PasswordProtectedTransport)),
            (Exact, &[PASSWORD, PPT], Some(Password)),
            (Exact, &[MFA], None),
            (Exact, &[MFA, PPT], Some(PasswordProtectedTransport)),
            (Minimum, &[PASSWORD], Some(PasswordProtectedTransport)),
            (Minimum, &[X509], None),
            (Maximum, &[PASSWORD], Some(Password)),
            (Maximum, &[X509], None),
            (Better, &[PASSWORD], Some(PasswordProtectedTransport)),
            (Better, &[PPT], None),
            (Better, &[PASSWORD, X509], None),
        ] {
            assert_eq!(
                asked(comparison, classes),
                answer,
                "{comparison:?} {classes:?}"
            );
        }
    }
}
