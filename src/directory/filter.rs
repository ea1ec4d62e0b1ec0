use std::fmt;

use super::Dn;

/// An LDAP search filter as a tree (RFC 4511 4.5.1.7): values are data until the moment they are
/// written, so nothing that a person typed can become syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Every one of these holds. Empty is true (RFC 4526).
    And(Vec<Filter>),
    /// At least one of these holds. Empty is false (RFC 4526).
    Or(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// The attribute has this value, by the attribute's own matching rule.
    Equal(Attribute, Vec<u8>),
    /// The attribute has a value.
    Present(Attribute),
    /// The attribute has a number that is not below this one.
    AtLeast(Attribute, u64),
    /// The entry is in this group, or in one that is in it, and so on, as Active Directory's
    /// `LDAP_MATCHING_RULE_IN_CHAIN` finds (MS-ADTS 3.1.1.3.4.4.3). Undefined to other servers.
    InGroup(Dn),
    /// The entry is a group that this one is in, itself or by a group in it, and so on, by the same
    /// rule.
    HasMemberWithin(Dn),
    /// What the configuration added.
    Scope(ScopeFilter),
}

impl Filter {
    /// The filter `(attribute=value)`.
    pub fn equal(attribute: &'static str, value: impl AsRef<[u8]>) -> Self {
        Self::Equal(Attribute::known(attribute), value.as_ref().to_vec())
    }

    /// The filter `(attribute>=least)`.
    pub fn at_least(attribute: &'static str, least: u64) -> Self {
        Self::AtLeast(Attribute::known(attribute), least)
    }

    /// The filter `(attribute=*)`.
    pub fn present(attribute: &'static str) -> Self {
        Self::Present(Attribute::known(attribute))
    }
}

/// The text form (RFC 4515). Every octet of a value that is not an ASCII letter, digit or one of
/// `@ . - _ : +` is written `\NN`, and every octet of a value that is no UTF-8: more than the RFC
/// demands, and so also right for servers that trip over spaces or letters beyond ASCII.
impl fmt::Display for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => write_list(formatter, '&', parts),
            Self::Or(parts) => write_list(formatter, '|', parts),
            Self::Not(part) => write!(formatter, "(!{part})"),
            Self::Equal(attribute, value) => {
                write!(formatter, "({attribute}=")?;
                write_value(formatter, value)?;
                formatter.write_str(")")
            }
            Self::Present(attribute) => write!(formatter, "({attribute}=*)"),
            Self::AtLeast(attribute, least) => write!(formatter, "({attribute}>={least})"),
            Self::InGroup(group) => write_in_chain(formatter, "memberOf", group),
            Self::HasMemberWithin(member) => write_in_chain(formatter, "member", member),
            Self::Scope(scope) => formatter.write_str(&scope.0),
        }
    }
}

fn write_in_chain(formatter: &mut fmt::Formatter<'_>, link: &str, dn: &Dn) -> fmt::Result {
    write!(formatter, "({link}:1.2.840.113556.1.4.1941:=")?;
    write_value(formatter, dn.as_str().as_bytes())?;
    formatter.write_str(")")
}

fn write_list(formatter: &mut fmt::Formatter<'_>, sign: char, parts: &[Filter]) -> fmt::Result {
    write!(formatter, "({sign}")?;
    for part in parts {
        write!(formatter, "{part}")?;
    }
    formatter.write_str(")")
}

fn write_value(formatter: &mut fmt::Formatter<'_>, value: &[u8]) -> fmt::Result {
    let is_text = std::str::from_utf8(value).is_ok();
    for &octet in value {
        if is_text && (octet.is_ascii_alphanumeric() || b"@.-_:+".contains(&octet)) {
            write!(formatter, "{}", char::from(octet))?;
        } else {
            write!(formatter, "\\{octet:02x}")?;
        }
    }
    Ok(())
}

/// The name of an attribute: a letter, then letters, digits and hyphens (RFC 4512 1.4 `keystring`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute(String);

impl Attribute {
    /// Reads a configured name.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut octets = text.bytes();
        let starts_well = octets
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic());
        if !starts_well
            || text.len() > 64
            || !octets.all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
        {
            return Err(FilterError::Attribute);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn known(name: &'static str) -> Self {
        debug_assert!(Self::parse(name).is_ok());
        Self(name.to_owned())
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A filter written by an administrator in the configuration, known to be exactly one filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeFilter(String);

impl ScopeFilter {
    /// Reads the text form (RFC 4515), with its outer parentheses.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let text = text.trim();
        // The library's parser recurses for each parenthesis and also takes a bare item.
        let depth = text.bytes().filter(|&octet| octet == b'(').count();
        if !text.starts_with('(') || text.len() > 4096 || depth > 64 {
            return Err(FilterError::Syntax);
        }
        ldap3::parse_filter(text).map_err(|()| FilterError::Syntax)?;
        Ok(Self(text.to_owned()))
    }
}

/// Why a text is not a filter or an attribute's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// Not one filter by RFC 4515, or beyond 4,096 bytes or 64 parts.
    #[error("not an LDAP filter (RFC 4515), such as (objectClass=user)")]
    Syntax,
    /// Not the name of an attribute.
    #[error("not the name of an LDAP attribute: a letter, then letters, digits and hyphens")]
    Attribute,
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::{ASNTag, PL, StructureTag};
    use proptest::prelude::*;

    use super::*;

    /// Reads a filter's wire form back into the tree.
    fn from_wire(tag: StructureTag) -> Filter {
        let text = |octets: Vec<u8>| Attribute(String::from_utf8(octets).unwrap());
        match (tag.id, tag.payload) {
            (0, PL::C(parts)) => Filter::And(parts.into_iter().map(from_wire).collect()),
            (1, PL::C(parts)) => Filter::Or(parts.into_iter().map(from_wire).collect()),
            (2, PL::C(mut parts)) => Filter::Not(Box::new(from_wire(parts.remove(0)))),
            (3, PL::C(mut parts)) => {
                let value = parts.pop().unwrap().expect_primitive().unwrap();
                Filter::Equal(
                    text(parts.pop().unwrap().expect_primitive().unwrap()),
                    value,
                )
            }
            (7, PL::P(name)) => Filter::Present(text(name)),
            other => panic!("unexpected filter {other:?}"),
        }
    }

    fn parsed_back(filter: &Filter) -> Filter {
        from_wire(
            ldap3::parse_filter(filter.to_string())
                .expect("parses")
                .into_structure(),
        )
    }

    fn any_filter() -> impl Strategy<Value = Filter> {
        let name = "[a-zA-Z][a-zA-Z0-9-]{0,12}".prop_map(Attribute);
        let leaf = prop_oneof![
            (name.clone(), any::<String>().prop_map(String::into_bytes))
                .prop_map(|(name, value)| Filter::Equal(name, value)),
            (name.clone(), any::<Vec<u8>>()).prop_map(|(name, value)| Filter::Equal(name, value)),
            name.prop_map(Filter::Present),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..4).prop_map(Filter::And),
                proptest::collection::vec(inner.clone(), 1..4).prop_map(Filter::Or),
                inner.prop_map(|filter| Filter::Not(Box::new(filter))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_sent_is_what_was_meant(filter in any_filter()) {
            prop_assert_eq!(parsed_back(&filter), filter);
        }
    }

    #[test]
    fn metacharacters_stay_data() {
        for value in [
            "*",
            "a)(mail=*",
            "\\",
            "\\2a",
            "a\0b",
            "(",
            ")",
            "",
            "*)(objectClass=*)",
            "é😀",
        ] {
            let filter = Filter::equal("mail", value);
            assert_eq!(parsed_back(&filter), filter, "{value:?}");
        }
        assert_eq!(
            Filter::equal("mail", "a*(b)\\\0").to_string(),
            r"(mail=a\2a\28b\29\5c\00)"
        );
    }

    #[test]
    fn configured_filters_are_exactly_one_filter() {
        for good in [
            "(objectClass=user)",
            " (&(a=b)(!(c=d*))) ",
            "(memberOf:1.2.840.113556.1.4.1941:=cn=x)",
        ] {
            assert!(ScopeFilter::parse(good).is_ok(), "{good}");
        }
        let deep = format!("{}(a=b){}", "(!".repeat(64), ")".repeat(64));
        for bad in [
            "",
            "a=b",
            "(a=b",
            "(a=b)(c=d)",
            "(a=b))",
            "(a=b)(|",
            deep.as_str(),
        ] {
            assert_eq!(ScopeFilter::parse(bad), Err(FilterError::Syntax), "{bad}");
        }
    }

    #[test]
    fn attribute_names_are_names() {
        assert!(Attribute::parse("mS-DS-ConsistencyGuid").is_ok());
        for bad in ["", "1a", "-a", "a b", "a)", "a=", "mail;lang-en", "é"] {
            assert_eq!(Attribute::parse(bad), Err(FilterError::Attribute), "{bad}");
        }
    }
}
