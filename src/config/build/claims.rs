//! Names, claims and access of a relying party: each rule checked where it stands.

use std::ops::Range;

use toml::Spanned;

use crate::{
    directory::Dn,
    realm::{DomainName, FederatedDomain},
    trust::{
        Access, ClaimRule, ClaimSource, Condition, Expected, KeyedDn, NameFormat, NameIdRule,
        NameIdSource, Pattern, RelyingParty, Replacement, Test, ToldAttribute,
    },
};

use super::super::{
    ConfigError,
    error::Source,
    file::{self, OneOrSeveral},
};

/// The longest value that stands in a rule, in bytes.
const LONGEST_VALUE: usize = 1024;

/// What rules may refer to, and where their errors are.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) source: Source<'a>,
    pub(super) domains: &'a [FederatedDomain],
    pub(super) directories: &'a [&'a str],
}

/// How people are known: at once, or by pairwise names once there is a salt for them.
pub(super) enum NameId {
    Rule(NameIdRule),
    Pairwise,
}

impl Names<'_> {
    fn wrong<T>(self, span: Range<usize>, message: impl Into<String>) -> Result<T, ConfigError> {
        Err(self.source.invalid(span, message))
    }

    pub(super) fn name_id(self, id: &Spanned<file::NameId>) -> Result<NameId, ConfigError> {
        let source = |source: &file::NameIdSource| {
            Ok::<_, ConfigError>(match source {
                file::NameIdSource::Email => NameIdSource::Email,
                file::NameIdSource::CloudUpn => NameIdSource::CloudUpn,
                file::NameIdSource::Attribute(name) => {
                    NameIdSource::Attribute(self.attribute(name, id.span())?)
                }
            })
        };
        Ok(NameId::Rule(match id.as_ref() {
            file::NameId::ImmutableId => NameIdRule::ImmutableId,
            file::NameId::Pairwise => return Ok(NameId::Pairwise),
            file::NameId::Transient => NameIdRule::Transient,
            file::NameId::EmailAddress(from) => NameIdRule::EmailAddress(source(from)?),
            file::NameId::Unspecified(from) => NameIdRule::Unspecified(source(from)?),
        }))
    }

    pub(super) fn access(self, access: &Spanned<file::Access>) -> Result<Access, ConfigError> {
        match access.as_ref() {
            file::Access::Everyone => Ok(Access::Everyone),
            file::Access::Only(conditions) => self
                .conditions(conditions, &access.span())
                .map(Access::Only),
        }
    }

    pub(super) fn add_claim(
        self,
        party: &mut RelyingParty,
        claim: &file::Claim,
    ) -> Result<(), ConfigError> {
        let replacement = claim.replace.as_ref().map(|replace| {
            let (pattern, with) = (&replace.pattern, &replace.with);
            Replacement::parse(pattern.as_ref(), with.as_ref())
                .or_else(|error| self.wrong(pattern.span(), error.to_string()))
        });
        let friendly_name = claim.friendly_name.as_ref().map(|name| self.value(name));
        let rule = ClaimRule {
            name: claim.name.as_ref().clone(),
            friendly_name: friendly_name.transpose()?,
            name_format: claim.name_format.map(|format| match format {
                file::NameFormat::Uri => NameFormat::Uri,
                file::NameFormat::Basic => NameFormat::Basic,
                file::NameFormat::Unspecified => NameFormat::Unspecified,
            }),
            source: self.claim_source(&claim.from)?,
            replacement: replacement.transpose()?,
            conditions: match &claim.issue_if {
                None => Vec::new(),
                Some(conditions) => self.conditions(&conditions.as_ref().0, &conditions.span())?,
            },
            required: claim.required,
        };
        party
            .add_claim(rule)
            .or_else(|error| self.wrong(claim.name.span(), error.to_string()))
    }

    fn claim_source(self, from: &Spanned<file::ClaimSource>) -> Result<ClaimSource, ConfigError> {
        Ok(match from.as_ref() {
            file::ClaimSource::CloudUpn => ClaimSource::CloudUpn,
            file::ClaimSource::ImmutableId => ClaimSource::ImmutableId,
            file::ClaimSource::DisplayName => ClaimSource::DisplayName,
            file::ClaimSource::Email => ClaimSource::Email,
            file::ClaimSource::Attribute(name) => {
                ClaimSource::Attribute(self.attribute(name, from.span())?)
            }
            file::ClaimSource::Constant(OneOrSeveral(values)) if values.is_empty() => {
                return self.wrong(from.span(), "a constant has a value");
            }
            file::ClaimSource::Constant(OneOrSeveral(values)) => {
                let checked = values.iter().map(|text| self.text(text, from.span()));
                ClaimSource::Constant(checked.collect::<Result<_, _>>()?)
            }
            file::ClaimSource::Groups(groups) if groups.is_empty() => {
                return self.wrong(from.span(), "groups names no group");
            }
            file::ClaimSource::Groups(groups) => {
                let pairs = groups.iter().map(|pair| {
                    let group = self.dn(pair.group.as_ref(), pair.group.span())?;
                    Ok((group, self.value(&pair.value)?))
                });
                ClaimSource::Groups(pairs.collect::<Result<_, ConfigError>>()?)
            }
        })
    }

    fn conditions(
        self,
        conditions: &[file::Condition],
        span: &Range<usize>,
    ) -> Result<Vec<Condition>, ConfigError> {
        if conditions.is_empty() {
            return self.wrong(
                span.clone(),
                "there is no condition, so that none could hold",
            );
        }
        let conditions = conditions.iter();
        conditions
            .map(|condition| self.condition(condition, span))
            .collect()
    }

    fn condition(
        self,
        condition: &file::Condition,
        span: &Range<usize>,
    ) -> Result<Condition, ConfigError> {
        let mut tests = Vec::new();
        if let Some(groups) = &condition.group {
            tests.push(Test::Group(self.each(groups, Self::dn)?));
        }
        if let Some(places) = &condition.below {
            tests.push(Test::Below(self.each(places, Self::dn)?));
        }
        if let Some(directories) = &condition.directory {
            tests.push(Test::Directory(self.each(directories, Self::directory)?));
        }
        if let Some(suffixes) = &condition.suffix {
            tests.push(Test::Suffix(self.each(suffixes, Self::suffix)?));
        }
        if let Some(domains) = &condition.email_domain {
            tests.push(Test::EmailDomain(self.each(domains, Self::domain)?));
        }
        if let Some(attributes) = &condition.attribute {
            for test in &attributes.as_ref().0 {
                tests.push(self.attribute_test(test)?);
            }
        }
        match Condition::new(tests) {
            Some(condition) => Ok(condition),
            None => self.wrong(
                span.clone(),
                "a condition without a test, which would hold of everybody",
            ),
        }
    }

    fn attribute_test(self, test: &file::AttributeTest) -> Result<Test, ConfigError> {
        let name = self.attribute(test.name.as_ref(), test.name.span())?;
        let expected = match (&test.equals, &test.matches) {
            (Some(values), None) => Expected::AnyOf(self.each(values, Self::text)?),
            (None, Some(pattern)) => match Pattern::parse(pattern.as_ref()) {
                Ok(pattern) => Expected::Matches(pattern),
                Err(error) => return self.wrong(pattern.span(), error.to_string()),
            },
            _ => {
                return self.wrong(
                    test.name.span(),
                    "an attribute needs either equals or matches",
                );
            }
        };
        Ok(Test::Attribute(name, expected))
    }

    /// Each of a list, which must not be empty.
    fn each<T>(
        self,
        list: &Spanned<OneOrSeveral<String>>,
        read: impl Fn(Self, &str, Range<usize>) -> Result<T, ConfigError>,
    ) -> Result<Vec<T>, ConfigError> {
        let texts = &list.as_ref().0;
        if texts.is_empty() {
            return self.wrong(list.span(), "an empty list, of which nothing can hold");
        }
        texts
            .iter()
            .map(|text| read(self, text, list.span()))
            .collect()
    }

    fn attribute(self, name: &str, span: Range<usize>) -> Result<ToldAttribute, ConfigError> {
        ToldAttribute::parse(name).or_else(|error| self.wrong(span, format!("{name:?}: {error}")))
    }

    fn dn(self, text: &str, span: Range<usize>) -> Result<KeyedDn, ConfigError> {
        match text.parse::<Dn>() {
            Ok(dn) if dn.depth() > 0 => Ok(dn.into()),
            _ => self.wrong(span, format!("{text:?} is not a distinguished name")),
        }
    }

    fn directory(self, name: &str, span: Range<usize>) -> Result<String, ConfigError> {
        if self.directories.contains(&name) {
            return Ok(name.to_owned());
        }
        self.wrong(
            span,
            format!("there is no [[directory]] with the name {name:?}"),
        )
    }

    fn suffix(self, text: &str, span: Range<usize>) -> Result<DomainName, ConfigError> {
        let suffix = self.domain(text, span.clone())?;
        if self.domains.iter().any(|domain| domain.suffix == suffix) {
            return Ok(suffix);
        }
        self.wrong(
            span,
            format!("there is no [[federated_domain]] with the suffix {text:?}"),
        )
    }

    fn domain(self, text: &str, span: Range<usize>) -> Result<DomainName, ConfigError> {
        DomainName::parse(text).or_else(|error| self.wrong(span, format!("{text:?}: {error}")))
    }

    fn value(self, text: &Spanned<String>) -> Result<String, ConfigError> {
        self.text(text.as_ref(), text.span())
    }

    /// What an assertion can carry.
    fn text(self, text: &str, span: Range<usize>) -> Result<String, ConfigError> {
        let is_carried = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
        if text.trim().is_empty() || text.len() > LONGEST_VALUE || !text.chars().all(is_carried) {
            return self.wrong(span, "a value has 1 to 1024 bytes, and no controls");
        }
        Ok(text.to_owned())
    }
}
