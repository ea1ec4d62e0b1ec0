//! The names a tenant works with, as values that cannot be malformed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A DNS domain name in ASCII form, at least two labels, held in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct DomainName(String);

/// A name of the shape `local@domain`: a user principal name, or an email address.
///
/// Two names are equal when they differ in nothing but the case of ASCII letters: Entra treats
/// user principal names so, and the simulator extends it to email addresses, whose local part
/// RFC 5321 would let differ. No other folding is done, so that `+tag` stays part of the name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SignInName {
    local: String,
    domain: DomainName,
}

/// `onPremisesImmutableId`: the source anchor of a synced user, compared by the octet.
///
/// Entra holds at most 64 characters; case, `+`, `/` and `=` matter (facts 1.4 and 5.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ImmutableId(String);

/// Why a text is not the name it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a domain name in ASCII form of at least two labels.
    #[error("{0:?} is not a domain name (ASCII letters, digits and hyphens, at least two labels)")]
    Domain(String),
    /// Not of the shape `local@domain`.
    #[error("{0:?} is not of the form name@domain")]
    SignInName(String),
    /// Empty, longer than 64 characters, or with characters outside printable ASCII.
    #[error("{0:?} is not an ImmutableID (1 to 64 printable ASCII characters)")]
    ImmutableId(String),
}

impl DomainName {
    /// Reads a domain name; internationalised names have to come in their `xn--` form.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let refused = || NameError::Domain(text.to_owned());
        if text.len() > 253 || !text.contains('.') || !text.split('.').all(is_label) {
            return Err(refused());
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this name lies below `other` in the DNS.
    pub fn is_below(&self, other: &Self) -> bool {
        self.0
            .strip_suffix(other.as_str())
            .is_some_and(|rest| rest.ends_with('.'))
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl SignInName {
    /// Reads `local@domain`. White space round it is forgiven, as a person types it; anything
    /// outside printable ASCII inside the local part is refused.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let refused = || NameError::SignInName(text.to_owned());
        let (local, domain) = text.split_once('@').ok_or_else(refused)?;
        let local_is_sound =
            (1..=64).contains(&local.len()) && local.bytes().all(|byte| byte.is_ascii_graphic());
        if !local_is_sound {
            return Err(refused());
        }
        let domain = DomainName::parse(domain).map_err(|_| refused())?;
        Ok(Self {
            local: local.to_owned(),
            domain,
        })
    }

    /// The part behind the `@`.
    pub fn domain(&self) -> &DomainName {
        &self.domain
    }
}

impl PartialEq for SignInName {
    fn eq(&self, other: &Self) -> bool {
        self.domain == other.domain && self.local.eq_ignore_ascii_case(&other.local)
    }
}

impl Eq for SignInName {}

impl ImmutableId {
    /// Takes a source anchor as it is; nothing is trimmed or decoded.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if !(1..=64).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NameError::ImmutableId(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text, as it stands in the `NameID`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SignInName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl fmt::Display for ImmutableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<SignInName> for String {
    fn from(name: SignInName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for DomainName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl TryFrom<String> for SignInName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl TryFrom<String> for ImmutableId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_regard_to_ascii_case_and_nothing_else() {
        let name = |text| SignInName::parse(text).unwrap();
        assert_eq!(name("WMoran@Fabrikam.com"), name(" wmoran@fabrikam.COM\n"));
        assert_ne!(name("wmoran+a@fabrikam.com"), name("wmoran@fabrikam.com"));
        assert_ne!(name("w.moran@fabrikam.com"), name("wmoran@fabrikam.com"));
    }

    #[test]
    fn malformed_names_are_refused() {
        for bad in [
            "",
            "wmoran",
            "@fabrikam.com",
            "wmoran@",
            "wmoran@fabrikam",
            "w@moran@fabrikam.com",
            "w moran@fabrikam.com",
            "wmoran@fabrikam..com",
            "wmoran@-fabrikam.com",
            "wmoran@fabrikam.com.",
            "wmorän@fabrikam.com",
            "wmoran@fabrikäm.com",
            "wmoran\0@fabrikam.com",
        ] {
            assert!(SignInName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(SignInName::parse(&format!("{}@fabrikam.com", "w".repeat(65))).is_err());
    }

    #[test]
    fn a_subdomain_is_below_by_whole_labels() {
        let domain = |text| DomainName::parse(text).unwrap();
        assert!(domain("partners.contoso.com").is_below(&domain("contoso.com")));
        assert!(!domain("notcontoso.com").is_below(&domain("contoso.com")));
        assert!(!domain("contoso.com").is_below(&domain("contoso.com")));
    }

    #[test]
    fn immutable_ids_are_bounded_and_untouched() {
        let id = ImmutableId::parse("/xmWb4aLEdC0LQDAT8lk/w==").unwrap();
        assert_eq!(id.as_str(), "/xmWb4aLEdC0LQDAT8lk/w==");
        assert!(ImmutableId::parse(&"a".repeat(64)).is_ok());
        for bad in ["", " a", "a\n", "ä", &"a".repeat(65)] {
            assert!(ImmutableId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
