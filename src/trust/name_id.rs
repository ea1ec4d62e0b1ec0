use std::{borrow::Cow, fmt, sync::Arc};

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use crate::realm::EmailAddress;

use super::{Subject, ToldAttribute};

/// How a relying party knows a person.
#[derive(Clone, Debug)]
pub enum NameIdRule {
    /// By her `ImmutableID`, for good: the same at every relying party that has this rule.
    ImmutableId,
    /// By a name that she has at this relying party alone, for good: two of them cannot find out by
    /// their names that they know the same person (SAML core 8.3.7).
    Pairwise(PairwiseSalt),
    /// By another name in each session (SAML core 8.3.8).
    Transient,
    /// By an email address (SAML core 8.3.2).
    EmailAddress(NameIdSource),
    /// By a name whose kind is not said (SAML core 8.3.1).
    Unspecified(NameIdSource),
}

/// Where the text of an email or unspecified name comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameIdSource {
    /// The external address that she signed in with: [`Subject::email`].
    Email,
    /// The cloud UPN.
    CloudUpn,
    /// An attribute with exactly one value. Whether two accounts have the same one is for the
    /// directory to see to.
    Attribute(ToldAttribute),
}

/// `NameID/@Format` (SAML core 8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NameIdFormat {
    /// The same person has the same name for good.
    Persistent,
    /// Another name in each session.
    Transient,
    /// An email address.
    EmailAddress,
    /// Nothing is said about the name.
    Unspecified,
}

impl NameIdFormat {
    /// All that are issued.
    pub const ALL: [Self; 4] = [
        Self::Persistent,
        Self::Transient,
        Self::EmailAddress,
        Self::Unspecified,
    ];

    /// The format with this URI.
    pub fn parse(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.uri() == uri)
    }

    /// The URI that stands in a SAML 1.1 assertion, which knows neither persistent nor transient
    /// names.
    pub const fn saml1_uri(self) -> &'static str {
        match self {
            Self::EmailAddress => Self::EmailAddress.uri(),
            Self::Persistent | Self::Transient | Self::Unspecified => Self::Unspecified.uri(),
        }
    }

    /// The URI that stands in a SAML 2.0 assertion.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Persistent => "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            Self::Transient => "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
            Self::EmailAddress => "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            Self::Unspecified => "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        }
    }
}

/// The name under which a relying party knows a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameId<'a> {
    /// What kind of name it is.
    pub format: NameIdFormat,
    /// The name, at most 256 characters.
    pub value: Cow<'a, str>,
}

/// Why a person has no name at a relying party.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NameIdError {
    /// What the name is made of is not there, is there several times, or does not fit the format.
    #[error("the account has no usable {0} to be known by")]
    NoValue(String),
}

/// Of names (SAML core 8.3.7 for persistent and transient ones; longer ones are no names).
const MOST_CHARACTERS: usize = 256;

impl NameIdRule {
    /// The one format of its names.
    pub fn format(&self) -> NameIdFormat {
        match self {
            Self::ImmutableId | Self::Pairwise(_) => NameIdFormat::Persistent,
            Self::Transient => NameIdFormat::Transient,
            Self::EmailAddress(_) => NameIdFormat::EmailAddress,
            Self::Unspecified(_) => NameIdFormat::Unspecified,
        }
    }

    /// The name of `subject` at the relying party with this entity ID, in the session that it knows
    /// by this index.
    pub(super) fn name<'a>(
        &self,
        entity_id: &str,
        subject: &'a Subject,
        session_index: &'a str,
    ) -> Result<NameId<'a>, NameIdError> {
        let value = match self {
            Self::ImmutableId => Cow::Borrowed(subject.immutable_id.as_str()),
            Self::Pairwise(salt) => Cow::Owned(salt.name(entity_id, &subject.immutable_id)),
            Self::Transient => Cow::Borrowed(session_index),
            Self::EmailAddress(source) | Self::Unspecified(source) => {
                Cow::Borrowed(self.usable(source, subject)?)
            }
        };
        let format = self.format();
        Ok(NameId { format, value })
    }

    /// Whether `subject` has a name.
    pub(super) fn check(&self, subject: &Subject) -> Result<(), NameIdError> {
        match self {
            Self::ImmutableId | Self::Pairwise(_) | Self::Transient => Ok(()),
            Self::EmailAddress(source) | Self::Unspecified(source) => {
                self.usable(source, subject).map(drop)
            }
        }
    }

    fn usable<'a>(
        &self,
        source: &NameIdSource,
        subject: &'a Subject,
    ) -> Result<&'a str, NameIdError> {
        let value = match source {
            NameIdSource::Email => subject.email(),
            NameIdSource::CloudUpn => Some(subject.cloud_upn.as_str()),
            NameIdSource::Attribute(name) => match subject.attribute(name) {
                [only] => Some(only.as_str()),
                _ => None,
            },
        };
        let fits = |value: &&str| match self {
            Self::EmailAddress(_) => EmailAddress::parse(value).is_ok(),
            _ => value.chars().count() <= MOST_CHARACTERS && !value.contains(char::is_control),
        };
        value
            .filter(fits)
            .ok_or_else(|| NameIdError::NoValue(source.to_string()))
    }

    pub(super) fn source(&self) -> Option<&NameIdSource> {
        match self {
            Self::EmailAddress(source) | Self::Unspecified(source) => Some(source),
            Self::ImmutableId | Self::Pairwise(_) | Self::Transient => None,
        }
    }
}

impl fmt::Display for NameIdSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Email => "external address that she signed in with",
            Self::CloudUpn => "cloud UPN",
            Self::Attribute(name) => name.as_str(),
        })
    }
}

/// The secret from which pairwise names are made. Whoever has it can find out who is behind such a
/// name; whoever changes it makes strangers of everybody.
#[derive(Clone)]
pub struct PairwiseSalt(Arc<hmac::Key>);

/// Not a salt for pairwise names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a salt for pairwise names has 32 characters or more, such as `openssl rand -hex 32` makes"
)]
pub struct SaltError;

impl PairwiseSalt {
    /// Takes a secret.
    pub fn new(secret: &str) -> Result<Self, SaltError> {
        if secret.chars().count() < 32 {
            return Err(SaltError);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Ok(Self(Arc::new(key)))
    }

    /// 64 hexadecimal digits: a name for systems that ignore case, too.
    fn name(&self, entity_id: &str, immutable_id: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        // The length keeps the two apart, whatever they consist of.
        context.update(&(entity_id.len() as u64).to_be_bytes());
        context.update(entity_id.as_bytes());
        context.update(immutable_id.as_bytes());
        hexadecimal(context.sign().as_ref())
    }
}

impl fmt::Debug for PairwiseSalt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PairwiseSalt(..)")
    }
}

fn hexadecimal(octets: &[u8]) -> String {
    let digits = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{super::Particulars, *};

    fn wendy() -> Subject {
        Subject {
            sign_in_name: "wmoran@fabrikam.com".into(),
            immutable_id: "AAAA+/==".into(),
            cloud_upn: "wmoran@partners.contoso.com".into(),
            suffix: "partners.contoso.com".into(),
            particulars: Particulars {
                external: true,
                attributes: vec![
                    ("mail".into(), vec!["w@adatum.com".into()]),
                    ("uid".into(), vec!["wmoran".into()]),
                    ("long".into(), vec!["x".repeat(257)]),
                    ("two".into(), vec!["a@b.com".into(), "c@d.com".into()]),
                ],
                ..Particulars::default()
            }
            .kept(),
            ..Subject::default()
        }
    }

    fn salt() -> PairwiseSalt {
        PairwiseSalt::new("0123456789abcdef0123456789abcdef").unwrap()
    }

    fn attribute(name: &str) -> NameIdSource {
        NameIdSource::Attribute(ToldAttribute::parse(name).unwrap())
    }

    #[test]
    fn each_rule_has_its_format_and_its_name() {
        use NameIdFormat as Format;
        use NameIdRule as Rule;
        let email = || NameIdSource::Email;
        for (rule, format, name) in [
            (Rule::ImmutableId, Format::Persistent, Some("AAAA+/==")),
            (
                Rule::Pairwise(salt()),
                Format::Persistent,
                // printf '\0\0\0\0\0\0\0\2rpAAAA+/==' | openssl dgst -sha256 -hmac 0123...
                Some("c939b028934ac429bd95891051f89b03c692f60fc19a07f3aa344b571983cb0b"),
            ),
            (
                Rule::EmailAddress(email()),
                Format::EmailAddress,
                Some("wmoran@fabrikam.com"),
            ),
            (
                Rule::Unspecified(email()),
                Format::Unspecified,
                Some("wmoran@fabrikam.com"),
            ),
            (
                Rule::EmailAddress(NameIdSource::CloudUpn),
                Format::EmailAddress,
                Some("wmoran@partners.contoso.com"),
            ),
            (
                Rule::EmailAddress(attribute("Mail")),
                Format::EmailAddress,
                Some("w@adatum.com"),
            ),
            (
                Rule::EmailAddress(attribute("uid")),
                Format::EmailAddress,
                None,
            ),
            (
                Rule::EmailAddress(attribute("two")),
                Format::EmailAddress,
                None,
            ),
            (
                Rule::Unspecified(attribute("two")),
                Format::Unspecified,
                None,
            ),
            (
                Rule::Unspecified(attribute("uid")),
                Format::Unspecified,
                Some("wmoran"),
            ),
            (
                Rule::Unspecified(attribute("long")),
                Format::Unspecified,
                None,
            ),
            (
                Rule::Unspecified(attribute("absent")),
                Format::Unspecified,
                None,
            ),
        ] {
            let wendy = wendy();
            let found = rule.name("rp", &wendy, "_s");
            assert_eq!(rule.check(&wendy).is_ok(), name.is_some(), "{rule:?}");
            assert_eq!(found.as_ref().ok().map(|id| &*id.value), name, "{rule:?}");
            assert_eq!(rule.format(), format);
            assert!(found.is_ok_and(|id| id.format == format) == name.is_some());
        }
        let mut by_upn = wendy();
        by_upn.particulars = None;
        let error = Rule::EmailAddress(email()).check(&by_upn).unwrap_err();
        assert!(error.to_string().contains("external address"), "{error}");
    }

    #[test]
    fn pairwise_names_differ_by_party_person_and_salt() {
        let name = salt().name("rp", "AAAA");
        assert_eq!(name, salt().name("rp", "AAAA"));
        let other = PairwiseSalt::new("fedcba9876543210fedcba9876543210").unwrap();
        for different in [
            salt().name("rp2", "AAAA"),
            salt().name("rp", "AAAB"),
            salt().name("rpA", "AAA"),
            other.name("rp", "AAAA"),
        ] {
            assert_ne!(name, different);
        }
        assert_eq!(PairwiseSalt::new("short").unwrap_err(), SaltError);
        assert_eq!(format!("{:?}", salt()), "PairwiseSalt(..)");
    }

    #[test]
    fn a_transient_name_is_that_of_the_session() {
        let wendy = wendy();
        let name = NameIdRule::Transient.name("rp", &wendy, "_s").unwrap();
        assert_eq!((name.format, &*name.value), (NameIdFormat::Transient, "_s"));
    }
}
