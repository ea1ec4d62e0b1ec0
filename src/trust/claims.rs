use std::borrow::Cow;

use super::{Condition, KeyedDn, Replacement, Subject, ToldAttribute};

/// The most text that one rule's values may be, in bytes.
const MOST_BYTES: usize = 16 * 1024;

/// One claim of an assertion, about one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Its name: in SAML 2.0 `Attribute/@Name`, elsewhere the claim type.
    pub name: &'a str,
    /// A name for people.
    pub friendly_name: Option<&'a str>,
    /// What kind of name it is; left out where it is not said.
    pub name_format: Option<NameFormat>,
    values: Values<'a>,
}

impl<'a> Claim<'a> {
    /// A claim with one value, and nothing but a name.
    pub const fn new(name: &'a str, value: &'a str) -> Self {
        Self::of(name, Cow::Borrowed(value))
    }

    /// The same with a value that may be its own.
    pub(super) const fn of(name: &'a str, value: Cow<'a, str>) -> Self {
        Self {
            name,
            friendly_name: None,
            name_format: None,
            values: Values::One(value),
        }
    }

    /// Its values: never none, each once, in the order of the rules and their sources.
    pub fn values(&self) -> &[Cow<'a, str>] {
        self.values.as_slice()
    }

    fn add(&mut self, values: Values<'a>) {
        let mut all = std::mem::replace(&mut self.values, Values::NONE).into_vec();
        for value in values.into_vec() {
            if !all.contains(&value) {
                all.push(value);
            }
        }
        self.values = Values::Several(all);
    }
}

/// Values, without memory of their own where there is only one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Values<'a> {
    One(Cow<'a, str>),
    Several(Vec<Cow<'a, str>>),
}

impl<'a> Values<'a> {
    const NONE: Self = Self::Several(Vec::new());

    fn as_slice(&self) -> &[Cow<'a, str>] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values,
        }
    }

    fn into_vec(self) -> Vec<Cow<'a, str>> {
        match self {
            Self::One(value) => vec![value],
            Self::Several(values) => values,
        }
    }
}

/// `Attribute/@NameFormat` (SAML core 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFormat {
    /// The name is a URI.
    Uri,
    /// The name is a plain word.
    Basic,
    /// Nothing is said about the name.
    Unspecified,
}

impl NameFormat {
    /// The URI that stands in an assertion.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Uri => "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
            Self::Basic => "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
            Self::Unspecified => "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified",
        }
    }
}

/// A rule by which a claim is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRule {
    /// The claim's name. Rules may share one: their values are put together, in their order.
    pub name: String,
    /// A name for people.
    pub friendly_name: Option<String>,
    /// What kind of name it is.
    pub name_format: Option<NameFormat>,
    /// Where the values come from.
    pub source: ClaimSource,
    /// What becomes of each of them. A value that it does not match is not issued.
    pub replacement: Option<Replacement>,
    /// One of these must hold, unless there are none.
    pub conditions: Vec<Condition>,
    /// Whether a person for whom it issues nothing is not let in.
    pub required: bool,
}

/// Where a claim's values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimSource {
    /// The cloud UPN.
    CloudUpn,
    /// The `ImmutableID`.
    ImmutableId,
    /// The display name, where she has one.
    DisplayName,
    /// The external address that she signed in with: [`Subject::email`].
    Email,
    /// An attribute of her account, each of its values.
    Attribute(ToldAttribute),
    /// The same for everybody.
    Constant(Vec<String>),
    /// A value for each group that she is in, nested ones included.
    Groups(Vec<(KeyedDn, String)>),
}

/// Why a rule issues nothing about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotIssued {
    /// None of its conditions holds.
    Condition,
    /// Its source has no value.
    NoValue,
    /// The pattern of its replacement matches no value.
    NoMatch,
    /// More than 16 KiB of values.
    TooMuch,
}

impl ClaimRule {
    /// A rule that always issues.
    pub fn new(name: impl Into<String>, source: ClaimSource) -> Self {
        Self {
            name: name.into(),
            friendly_name: None,
            name_format: None,
            source,
            replacement: None,
            conditions: Vec::new(),
            required: false,
        }
    }

    /// The values to issue about `subject`, at least one.
    pub fn values<'a>(&'a self, subject: &'a Subject) -> Result<Vec<Cow<'a, str>>, NotIssued> {
        self.evaluate(subject).map(Values::into_vec)
    }

    fn evaluate<'a>(&'a self, subject: &'a Subject) -> Result<Values<'a>, NotIssued> {
        let mut conditions = self.conditions.iter();
        if !self.conditions.is_empty() && !conditions.any(|c| c.holds(subject)) {
            return Err(NotIssued::Condition);
        }
        let mut values = self.source.values(subject);
        if values.as_slice().is_empty() {
            return Err(NotIssued::NoValue);
        }
        if let Some(replacement) = &self.replacement {
            let replaced = values.as_slice().iter();
            let replaced = replaced.filter_map(|value| replacement.apply(value));
            let replaced = replaced.filter(|value| !value.is_empty()).map(Cow::Owned);
            values = once_each(replaced);
        }
        let size: usize = values.as_slice().iter().map(|value| value.len()).sum();
        if size == 0 {
            return Err(NotIssued::NoMatch);
        }
        if size > MOST_BYTES {
            return Err(NotIssued::TooMuch);
        }
        Ok(values)
    }

    /// Whether it issues nothing about somebody without whom it may not be.
    pub(super) fn is_wanting(&self, subject: &Subject) -> bool {
        self.required && self.evaluate(subject).is_err()
    }
}

impl ClaimSource {
    fn values<'a>(&'a self, subject: &'a Subject) -> Values<'a> {
        let one = |value: &'a str| Values::One(Cow::Borrowed(value));
        let several = |values: &'a [String]| {
            Values::Several(values.iter().map(|value| Cow::Borrowed(&**value)).collect())
        };
        match self {
            Self::CloudUpn => one(&subject.cloud_upn),
            Self::ImmutableId => one(&subject.immutable_id),
            Self::DisplayName => subject.display_name.as_deref().map_or(Values::NONE, one),
            Self::Email => subject.email().map_or(Values::NONE, one),
            Self::Attribute(name) => several(subject.attribute(name)),
            Self::Constant(values) => several(values),
            Self::Groups(groups) => once_each(
                groups
                    .iter()
                    .filter(|(group, _)| subject.is_in(group))
                    .map(|(_, value)| Cow::Borrowed(&**value)),
            ),
        }
    }
}

fn once_each<'a>(values: impl Iterator<Item = Cow<'a, str>>) -> Values<'a> {
    let mut all = Vec::new();
    for value in values {
        if !all.contains(&value) {
            all.push(value);
        }
    }
    Values::Several(all)
}

/// What two lists of rules issue about `subject`: in their order, one claim for each name.
pub(super) fn issue<'a>(
    first: &'a [ClaimRule],
    then: &'a [ClaimRule],
    subject: &'a Subject,
) -> Vec<Claim<'a>> {
    let mut claims: Vec<Claim<'a>> = Vec::with_capacity(first.len() + then.len());
    for rule in first.iter().chain(then) {
        let Ok(values) = rule.evaluate(subject) else {
            continue;
        };
        match claims.iter_mut().find(|claim| claim.name == rule.name) {
            Some(claim) => claim.add(values),
            None => claims.push(Claim {
                name: &rule.name,
                friendly_name: rule.friendly_name.as_deref(),
                name_format: rule.name_format,
                values,
            }),
        }
    }
    claims
}
