use crate::xml::Element;

use super::{RequestError, names::ASSERTION};

/// How the person proved who she is, as SAML names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum AuthnContextClass {
    /// Several factors, as Entra names it, and it takes no other name for it. Said only where somebody
    /// who is trusted for that says so.
    SeveralFactors,
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
            Self::SeveralFactors => "http://schemas.microsoft.com/claims/multipleauthn",
            Self::PasswordProtectedTransport => {
                "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
            }
            Self::Password => "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
            Self::Unspecified => "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
        }
    }

    fn from_uri(uri: &str) -> Option<Self> {
        [
            Self::SeveralFactors,
            Self::PasswordProtectedTransport,
            Self::Password,
            Self::Unspecified,
        ]
        .into_iter()
        .find(|class| class.uri() == uri)
    }

    /// Unspecified < Password < `PasswordProtectedTransport` < `SeveralFactors`.
    fn strength(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::Password => 1,
            Self::PasswordProtectedTransport => 2,
            Self::SeveralFactors => 3,
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

    /// Whether several factors are what it asks for, as the only thing that would do or before others.
    pub fn prefers_several_factors(&self) -> bool {
        let by_several = self.satisfied_by(AuthnContextClass::SeveralFactors);
        let is_preferred = self.comparison == Comparison::Exact
            && by_several == Some(AuthnContextClass::SeveralFactors);
        let by_password = self.satisfied_by(AuthnContextClass::PasswordProtectedTransport);
        is_preferred || (by_several.is_some() && by_password.is_none())
    }

    /// The class with which a sign-in satisfies the request that is truly said to be of the class
    /// `ours`, and so of each weaker one. `None` when it cannot: then the answer is `NoAuthnContext`,
    /// never something weaker than was asked.
    pub fn satisfied_by(&self, ours: AuthnContextClass) -> Option<AuthnContextClass> {
        if self.by_declaration {
            return None;
        }
        let known = self.classes.iter();
        let mut known = known.filter_map(|uri| AuthnContextClass::from_uri(uri));
        let strength = ours.strength();
        match self.comparison {
            // The classes stand in order of preference.
            Comparison::Exact => known.find(|class| class.strength() <= strength),
            Comparison::Minimum => known
                .any(|class| class.strength() <= strength)
                .then_some(ours),
            Comparison::Maximum => known.max_by_key(|class| class.strength()).map(|class| {
                if class.strength() < strength {
                    class
                } else {
                    ours
                }
            }),
            // A class we do not know may be stronger than ours.
            Comparison::Better => (known.all(|class| class.strength() < strength)
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

    fn asked(comparison: Comparison, classes: &[&str]) -> RequestedAuthnContext {
        RequestedAuthnContext {
            comparison,
            classes: classes.iter().map(ToString::to_string).collect(),
            by_declaration: false,
        }
    }

    #[test]
    fn each_comparison_is_honoured() {
        use AuthnContextClass::{Password, PasswordProtectedTransport, SeveralFactors};
        use Comparison::{Better, Exact, Maximum, Minimum};
        let ppt = Some(PasswordProtectedTransport);
        let several = Some(SeveralFactors);
        for (comparison, classes, by_password, by_several) in [
            (Exact, &[PPT][..], ppt, ppt),
            (Exact, &[PASSWORD, PPT], Some(Password), Some(Password)),
            (Exact, &[MFA], None, several),
            (Exact, &[MFA, PPT], ppt, several),
            (Minimum, &[PASSWORD], ppt, several),
            (Minimum, &[MFA], None, several),
            (Minimum, &[X509], None, None),
            (Maximum, &[PASSWORD], Some(Password), Some(Password)),
            (Maximum, &[PPT], ppt, ppt),
            (Maximum, &[MFA], ppt, several),
            (Maximum, &[X509], None, None),
            (Better, &[PASSWORD], ppt, several),
            (Better, &[PPT], None, several),
            (Better, &[MFA], None, None),
            (Better, &[PASSWORD, X509], None, None),
        ] {
            for (ours, answer) in [
                (PasswordProtectedTransport, by_password),
                (SeveralFactors, by_several),
            ] {
                assert_eq!(
                    asked(comparison, classes).satisfied_by(ours),
                    answer,
                    "{comparison:?} {classes:?} by {ours:?}"
                );
            }
        }
    }

    #[test]
    fn several_factors_are_preferred_where_they_stand_first_or_alone() {
        use Comparison::{Better, Exact, Maximum, Minimum};
        for (comparison, classes, preferred) in [
            (Exact, &[MFA][..], true),
            (Exact, &[MFA, PPT], true),
            (Exact, &[PPT, MFA], false),
            (Exact, &[X509], false),
            (Minimum, &[MFA], true),
            (Minimum, &[PPT], false),
            (Better, &[PPT], true),
            (Better, &[PASSWORD], false),
            (Maximum, &[MFA], false),
        ] {
            let asked = asked(comparison, classes);
            assert_eq!(
                asked.prefers_several_factors(),
                preferred,
                "{comparison:?} {classes:?}"
            );
        }
    }
}
