use std::{fmt, fmt::Write as _, hash, str::FromStr};

/// A distinguished name, parsed (RFC 4514), so that names can be compared part by part instead
/// of by text: `OU=Partners,DC=contoso,DC=com` is above `cn=x, ou=partners,dc=contoso,dc=com`,
/// and not above `CN=a\,OU=Partners,DC=contoso,DC=com`.
#[derive(Clone)]
pub struct Dn {
    text: String,
    /// From the entry up to the root; each part is the sorted set of its attributes.
    parts: Vec<Vec<Assertion>>,
}

/// One `attribute=value`, both folded for comparison.
type Assertion = (String, Vec<u8>);

impl Dn {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is `ancestor` itself or lies anywhere under it.
    pub fn is_within(&self, ancestor: &Dn) -> bool {
        self.parts.ends_with(&ancestor.parts)
    }

    /// The number of parts above and including this one; 0 for the root.
    pub fn depth(&self) -> usize {
        self.parts.len()
    }

    /// How many parts this and another name have in common, from the root down.
    pub fn shared_depth(&self, other: &Dn) -> usize {
        let pairs = self.parts.iter().rev().zip(other.parts.iter().rev());
        pairs.take_while(|(own, theirs)| own == theirs).count()
    }

    /// How many parts from the root down are domain components (RFC 2247): the depth of the domain
    /// that the entry is in; 0 in a tree that is not named after one.
    pub fn domain_depth(&self) -> usize {
        let is_component =
            |part: &&Vec<Assertion>| matches!(&part[..], [(name, _)] if name == "dc");
        self.parts.iter().rev().take_while(is_component).count()
    }

    /// The name above this one that has so many parts; itself where it has no more.
    #[must_use]
    pub fn ancestor(&self, depth: usize) -> Dn {
        let above = self.parts.len().saturating_sub(depth);
        let pieces = split_unescaped(&self.text, ',');
        Dn {
            text: pieces.get(above..).unwrap_or_default().join(","),
            parts: self.parts.get(above..).unwrap_or_default().to_vec(),
        }
    }

    /// One text for all ways of writing this name, to compare and to keep; not for the directory.
    pub fn key(&self) -> String {
        let mut key = String::with_capacity(self.text.len());
        for (at, part) in self.parts.iter().enumerate() {
            for (and, (name, value)) in part.iter().enumerate() {
                key.push_str(match (at, and) {
                    (0, 0) => "",
                    (_, 0) => ",",
                    _ => "+",
                });
                key.push_str(name);
                key.push('=');
                push_key(&mut key, value);
            }
        }
        key
    }
}

/// A value of a key: what could be mistaken for syntax, and what is no text, by its octets.
fn push_key(key: &mut String, value: &[u8]) {
    let is_plain = |c: char| !c.is_control() && !",+=\\".contains(c);
    match std::str::from_utf8(value) {
        Ok(text) if text.chars().all(is_plain) => key.push_str(text),
        _ => {
            for octet in value {
                let _ = write!(key, "\\{octet:02x}");
            }
        }
    }
}

/// Names are equal when their parts are, whatever the case, spacing or escaping.
impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Dn {}

impl hash::Hash for Dn {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.parts.hash(state);
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, formatter)
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for Dn {
    type Err = DnError;

    fn from_str(text: &str) -> Result<Self, DnError> {
        let text = text.trim_matches(' ');
        if text.len() > 2048 {
            return Err(DnError);
        }
        let mut parts = Vec::new();
        if !text.is_empty() {
            for part in split_unescaped(text, ',') {
                let mut assertions = split_unescaped(part, '+')
                    .into_iter()
                    .map(parse_assertion)
                    .collect::<Result<Vec<_>, _>>()?;
                assertions.sort();
                parts.push(assertions);
            }
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }
}

/// Splits at `separator` where no backslash stands before it.
fn split_unescaped(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut rest, mut escaped) = (text, false);
    let mut start = 0;
    for (at, character) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == separator {
            let (piece, after) = rest.split_at(at - start);
            pieces.push(piece);
            rest = after.strip_prefix(separator).unwrap_or(after);
            start = at + separator.len_utf8();
        }
    }
    pieces.push(rest);
    pieces
}

fn parse_assertion(text: &str) -> Result<Assertion, DnError> {
    let (name, value) = text.split_once('=').ok_or(DnError)?;
    let name = name.trim_matches(' ');
    let named = !name.is_empty()
        && name
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || b"-.".contains(&octet));
    if !named {
        return Err(DnError);
    }
    Ok((name.to_ascii_lowercase(), fold(&unescape(value)?)))
}

/// Reads `\,` and `\2C` forms; spaces count only where they are escaped or inside.
fn unescape(value: &str) -> Result<Vec<u8>, DnError> {
    let mut octets: Vec<u8> = Vec::with_capacity(value.len());
    // How much of what was read must survive trimming, because it was not a bare space.
    let mut kept = 0;
    let mut input = value.trim_start_matches(' ').bytes();
    while let Some(octet) = input.next() {
        match octet {
            b'\\' => {
                let next = input.next().ok_or(DnError)?;
                if let Some(high) = char::from(next).to_digit(16) {
                    let low = input
                        .next()
                        .and_then(|octet| char::from(octet).to_digit(16));
                    let code = high * 16 + low.ok_or(DnError)?;
                    octets.push(u8::try_from(code).map_err(|_| DnError)?);
                } else if b" \"#+,;<=>\\".contains(&next) {
                    octets.push(next);
                } else {
                    return Err(DnError);
                }
                kept = octets.len();
            }
            b' ' => octets.push(octet),
            b'"' | b';' | b'<' | b'>' | 0 => return Err(DnError),
            _ => {
                octets.push(octet);
                kept = octets.len();
            }
        }
    }
    octets.truncate(kept);
    if octets.is_empty() || value.trim_start_matches(' ').starts_with('#') {
        return Err(DnError);
    }
    Ok(octets)
}

/// Naming attributes compare by caseIgnoreMatch; octets that are no text compare as they are.
fn fold(octets: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => octets.to_vec(),
    }
}

/// Not a distinguished name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a distinguished name (RFC 4514), such as OU=Partners,DC=contoso,DC=com")]
pub struct DnError;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_stays_itself(text in "[a-z=,+\\\\ é2]{0,24}") {
            if let Ok(name) = text.parse::<Dn>() {
                prop_assert!(name.is_within(&name));
                prop_assert_eq!(name.as_str().parse::<Dn>(), Ok(name.clone()));
                if name.depth() > 0 {
                    let below: Dn = format!("cn=a,{name}").parse().unwrap();
                    prop_assert!(below.is_within(&name) && !name.is_within(&below));
                }
            }
        }
    }

    fn dn(text: &str) -> Dn {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn compares_by_parts() {
        assert_eq!(
            dn("CN=Wendy, OU=Partners,DC=contoso"),
            dn("cn=wendy,ou=PARTNERS, dc=Contoso")
        );
        assert_eq!(dn("cn=a+uid=b,dc=c"), dn("UID=B+CN=A,DC=C"));
        assert_eq!(dn(r"cn=a\2cb,dc=c"), dn(r"cn=a\,b,dc=c"));
        assert_eq!(dn("cn=Müller,dc=c"), dn(r"cn=m\c3\9cller,dc=c"));
        assert_eq!(dn(r"cn=a\ ,dc=c").depth(), 2);
        assert_ne!(dn(r"cn=a\ ,dc=c"), dn("cn=a ,dc=c"));
        assert_ne!(dn("cn=a,dc=c"), dn("uid=a,dc=c"));
    }

    #[test]
    fn knows_what_lies_under_what() {
        let partners = dn("OU=Partners,DC=contoso,DC=com");
        assert!(dn("CN=w,ou=partners, dc=contoso,dc=com").is_within(&partners));
        assert!(dn("CN=w,OU=x,OU=Partners,DC=contoso,DC=com").is_within(&partners));
        assert!(partners.is_within(&partners));
        assert!(partners.is_within(&dn("")));
        for outside in [
            r"CN=a\,OU=Partners,DC=contoso,DC=com",
            "OU=XPartners,DC=contoso,DC=com",
            "CN=w,OU=Staff,DC=contoso,DC=com",
            "CN=w,OU=Partners,DC=contoso,DC=com,DC=evil",
            "DC=contoso,DC=com",
        ] {
            assert!(!dn(outside).is_within(&partners), "{outside}");
        }
    }

    #[test]
    fn keys_are_the_same_for_the_same_name_only() {
        let names = [
            r"CN=Wiki\, Editors, OU=Groups,DC=Contoso",
            r"cn=wiki\2c editors,ou=groups,dc=contoso",
            "cn=wiki,ou=editors,ou=groups,dc=contoso",
            "cn=a+uid=b,dc=c",
            r"cn=a\2buid\3db,dc=c",
            "cn=Müller,dc=c",
            r"cn=m\c3\bcller,DC=C",
            r"cn=\ff,dc=c",
            r"cn=\5cff,dc=c",
        ]
        .map(dn);
        for one in &names {
            for other in &names {
                assert_eq!(one.key() == other.key(), one == other, "{one} {other}");
            }
        }
        assert_eq!(dn("cn=a, DC=c").key(), "cn=a,dc=c");
    }

    #[test]
    fn knows_what_names_share() {
        let group = dn(r"CN=Wiki\, Editors, OU=Groups,DC=emea, DC=contoso,DC=com");
        let base = dn("ou=Partners,dc=EMEA,dc=contoso,dc=com");
        assert_eq!(group.shared_depth(&base), 3);
        assert_eq!(group.shared_depth(&dn("DC=fabrikam,DC=com")), 1);
        assert_eq!(group.shared_depth(&dn("")), 0);
        assert_eq!((base.domain_depth(), dn("ou=a,o=b").domain_depth()), (3, 0));
        assert_eq!(dn("dc=a,ou=b,dc=c").domain_depth(), 1);
        assert_eq!(group.ancestor(3), dn("dc=emea,dc=contoso,dc=com"));
        assert_eq!(group.ancestor(3).as_str(), "DC=emea, DC=contoso,DC=com");
        assert_eq!(group.ancestor(0), dn(""));
        assert_eq!(group.ancestor(9), group);
        for depth in 0..=5 {
            let above = group.ancestor(depth);
            assert_eq!(above.as_str().parse::<Dn>(), Ok(above.clone()));
            assert!(group.is_within(&above) && above.depth() == depth);
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for bad in [
            "a",
            "=b",
            "cn=",
            "cn=a,",
            ",cn=a",
            "cn=a\\",
            r"cn=\x",
            r"cn=\4",
            "cn=a;b",
            "cn=\"a\"",
            "c n=a",
            "cn=#0401",
            "cn=a++cn=b",
            "cn= ",
        ] {
            assert!(bad.parse::<Dn>().is_err(), "{bad}");
        }
    }
}
