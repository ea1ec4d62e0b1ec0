use ldap3::asn1::{PL, StructureTag};

/// An account as a search returned it: its name and the attributes asked for.
///
/// Values are kept as octets. Which of them are text is known by the reader, not by whether they
/// happen to be UTF-8 (an `objectGUID` can be).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    dn: String,
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    /// The distinguished name as the directory writes it.
    pub fn dn(&self) -> &str {
        &self.dn
    }

    /// The values of a text attribute, its name in any case. Values that are not UTF-8 are left
    /// out: no name can equal them.
    pub fn values(&self, attribute: &str) -> impl Iterator<Item = &str> {
        self.bytes(attribute)
            .filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// The values of an attribute as octets, its name in any case.
    pub fn bytes(&self, attribute: &str) -> impl Iterator<Item = &[u8]> {
        self.attributes
            .iter()
            .filter(move |(name, _)| name.eq_ignore_ascii_case(attribute))
            .flat_map(|(_, values)| values.iter().map(Vec::as_slice))
    }

    /// An entry of an embedded directory.
    pub fn new(dn: impl Into<String>, attributes: Vec<(String, Vec<Vec<u8>>)>) -> Self {
        Self {
            dn: dn.into(),
            attributes,
        }
    }

    /// All attributes with their values, in the order given.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &[Vec<u8>])> {
        self.attributes
            .iter()
            .map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Reads a `SearchResultEntry` (RFC 4511 4.5.2). The library's own reader panics on malformed
    /// ones.
    pub(super) fn read(tag: StructureTag) -> Option<Self> {
        let mut parts = tag.match_id(4)?.expect_constructed()?.into_iter();
        let dn = text(parts.next()?)?;
        let attributes = parts
            .next()?
            .expect_constructed()?
            .into_iter()
            .map(|attribute| {
                let mut parts = attribute.expect_constructed()?.into_iter();
                let name = text(parts.next()?)?;
                let values = parts.next()?.expect_constructed()?;
                let values = values.into_iter().map(StructureTag::expect_primitive);
                Some((name, values.collect::<Option<Vec<_>>>()?))
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self { dn, attributes })
    }
}

fn text(tag: StructureTag) -> Option<String> {
    match tag.payload {
        PL::P(octets) => String::from_utf8(octets).ok(),
        PL::C(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::TagClass;

    use super::*;

    fn octets(value: &[u8]) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id: 4,
            payload: PL::P(value.to_vec()),
        }
    }

    fn sequence(parts: Vec<StructureTag>) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id: 16,
            payload: PL::C(parts),
        }
    }

    fn entry(parts: Vec<StructureTag>) -> Option<Entry> {
        Entry::read(StructureTag {
            class: TagClass::Application,
            id: 4,
            payload: PL::C(parts),
        })
    }

    #[test]
    fn keeps_octets_that_look_like_text() {
        let attribute = |name: &[u8], values: &[&[u8]]| {
            sequence(vec![
                octets(name),
                sequence(values.iter().map(|value| octets(value)).collect()),
            ])
        };
        let entry = entry(vec![
            octets(b"cn=a"),
            sequence(vec![
                attribute(b"objectGUID", &[b"ABCDEFGHIJKLMNOP"]),
                attribute(b"mail", &[b"a@b.com", b"\xff", b"c@d.com"]),
            ]),
        ])
        .unwrap();
        assert_eq!(entry.dn(), "cn=a");
        assert_eq!(
            entry.bytes("OBJECTguid").next(),
            Some(&b"ABCDEFGHIJKLMNOP"[..])
        );
        assert_eq!(
            entry.values("Mail").collect::<Vec<_>>(),
            ["a@b.com", "c@d.com"]
        );
        assert_eq!(entry.bytes("mail").count(), 3);
        assert_eq!(entry.values("cn").count(), 0);
    }

    #[test]
    fn malformed_entries_are_no_entries() {
        assert_eq!(entry(vec![]), None);
        assert_eq!(entry(vec![octets(b"\xff"), sequence(vec![])]), None);
        assert_eq!(entry(vec![octets(b"cn=a"), octets(b"x")]), None);
        assert_eq!(
            entry(vec![octets(b"cn=a"), sequence(vec![octets(b"mail")])]),
            None
        );
        assert_eq!(
            entry(vec![
                octets(b"cn=a"),
                sequence(vec![sequence(vec![octets(b"mail")])])
            ]),
            None
        );
    }
}
