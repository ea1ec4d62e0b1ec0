//! What a relying party is told, and who may sign in there.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{
        Error, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use toml::Spanned;

use super::OneOrSeveral;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum NameId {
    ImmutableId,
    Pairwise,
    Transient,
    EmailAddress(NameIdSource),
    Unspecified(NameIdSource),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum NameIdSource {
    Email,
    CloudUpn,
    Attribute(String),
}

/// `"everyone"`, or a condition, or several of which one must hold.
#[derive(Debug)]
pub(in crate::config) enum Access {
    Everyone,
    Only(Vec<Condition>),
}

impl<'de> Deserialize<'de> for Access {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrConditions;

        impl<'de> Visitor<'de> for WordOrConditions {
            type Value = Access;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("\"everyone\", or conditions such as { group = \"DN\" }")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Access, E> {
                match text {
                    "everyone" => Ok(Access::Everyone),
                    other => Err(E::invalid_value(Unexpected::Str(other), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Access, A::Error> {
                let one = Condition::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Access::Only(vec![one]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Access, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Access::Only)
            }
        }

        deserializer.deserialize_any(WordOrConditions)
    }
}

#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a condition such as { group = \"DN\" }"
)]
pub(in crate::config) struct Condition {
    pub group: Option<Spanned<OneOrSeveral<String>>>,
    pub below: Option<Spanned<OneOrSeveral<String>>>,
    pub directory: Option<Spanned<OneOrSeveral<String>>>,
    pub suffix: Option<Spanned<OneOrSeveral<String>>>,
    pub email_domain: Option<Spanned<OneOrSeveral<String>>>,
    pub attribute: Option<Spanned<OneOrSeveral<AttributeTest>>>,
}

#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { name = \"department\", equals = \"IT\" }"
)]
pub(in crate::config) struct AttributeTest {
    pub name: Spanned<String>,
    pub equals: Option<Spanned<OneOrSeveral<String>>>,
    pub matches: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Claim {
    pub name: Spanned<String>,
    pub friendly_name: Option<Spanned<String>>,
    pub name_format: Option<NameFormat>,
    pub from: Spanned<ClaimSource>,
    pub replace: Option<Replace>,
    pub issue_if: Option<Spanned<OneOrSeveral<Condition>>>,
    #[serde(default)]
    pub required: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum NameFormat {
    Uri,
    Basic,
    Unspecified,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum ClaimSource {
    CloudUpn,
    ImmutableId,
    DisplayName,
    Email,
    Attribute(String),
    Constant(OneOrSeveral<String>),
    Groups(Vec<GroupValue>),
}

#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table { group = \"DN\", value = \"TEXT\" }"
)]
pub(in crate::config) struct GroupValue {
    pub group: Spanned<String>,
    pub value: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Replace {
    pub pattern: Spanned<String>,
    pub with: Spanned<String>,
}
