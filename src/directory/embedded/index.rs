//! Finds entries without looking at all of them, so that what a sign-in costs does not depend on
//! how many accounts there are.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
};

use super::{
    super::{Dn, Entry},
    codec::Condition,
    matching::fold,
};

/// The attributes that are indexed for equality: those that names are looked for in, and the GUID.
const INDEXED: [&str; 5] = [
    "mail",
    "proxyAddresses",
    "userPrincipalName",
    "sAMAccountName",
    "objectGUID",
];

/// The place of a name or value is its hash, and what is found there is compared again: two that
/// share a hash cost a comparison, and nothing else.
#[derive(Debug, Default)]
pub(super) struct Index {
    values: Places,
    names: Places,
}

/// Hashes with the entries that have them, sorted: 16 octets for each, where a map of texts
/// would take ten times as much.
type Places = Vec<(u64, usize)>;

impl Index {
    pub(super) fn new<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut index = Self::default();
        for (at, entry) in entries.enumerate() {
            for attribute in INDEXED {
                let hashes = entry
                    .bytes(attribute)
                    .map(|value| hash_value(attribute, value));
                index.values.extend(hashes.map(|hash| (hash, at)));
            }
            if let Ok(dn) = entry.dn().parse::<Dn>() {
                index.names.push((hash(&dn), at));
            }
        }
        index.values.sort_unstable();
        index.names.sort_unstable();
        index
    }

    /// The entries that may meet a condition, in their order; `None` where that may be any.
    pub(super) fn candidates(&self, condition: &Condition) -> Option<Vec<usize>> {
        match condition {
            Condition::Equal(name, value) => {
                let known = INDEXED
                    .iter()
                    .find(|known| known.eq_ignore_ascii_case(name))?;
                Some(at(&self.values, hash_value(known, value)).collect())
            }
            // All must be met, so those of the first that is indexed are enough.
            Condition::And(parts) => parts.iter().find_map(|part| self.candidates(part)),
            Condition::Or(parts) => {
                let each: Option<Vec<_>> = parts.iter().map(|part| self.candidates(part)).collect();
                let mut all: Vec<usize> = each?.concat();
                all.sort_unstable();
                all.dedup();
                Some(all)
            }
            _ => None,
        }
    }

    /// The entries that may have this name.
    pub(super) fn named(&self, dn: &Dn) -> impl Iterator<Item = usize> {
        at(&self.names, hash(dn))
    }
}

fn at(places: &Places, wanted: u64) -> impl Iterator<Item = usize> {
    let first = places.partition_point(|(hash, _)| *hash < wanted);
    places
        .get(first..)
        .unwrap_or_default()
        .iter()
        .take_while(move |(hash, _)| *hash == wanted)
        .map(|(_, at)| *at)
}

/// Folded as equality compares it. Octet strings are folded too: that only makes two of them
/// share a place more often.
fn hash_value(attribute: &str, value: &[u8]) -> u64 {
    hash(&(attribute, fold(value)))
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{super::matching::evaluate, *};

    fn entries() -> Vec<Entry> {
        (0..50)
            .map(|number| {
                let mail = format!("Mül{}@Fabrikam.com", number % 20);
                let attributes = vec![
                    (
                        "MAIL".to_owned(),
                        vec![mail.into_bytes(), b"all@adatum.com".to_vec()],
                    ),
                    ("objectGUID".to_owned(), vec![vec![number; 16]]),
                ];
                Entry::new(format!("CN=a{number},DC=contoso"), attributes)
            })
            .collect()
    }

    fn equal(name: &str, value: &[u8]) -> Condition {
        Condition::Equal(name.to_owned(), value.to_vec())
    }

    #[test]
    fn candidates_are_all_that_meet_a_condition() {
        let entries = entries();
        let index = Index::new(entries.iter());
        for condition in [
            equal("mail", "mul3@FABRIKAM.com".as_bytes()),
            equal("Mail", b"nobody@fabrikam.com"),
            equal("mail", b"ALL@adatum.com"),
            equal("objectguid", &[7; 16]),
            Condition::Or(vec![
                equal("mail", b"mul3@fabrikam.com"),
                equal("mail", b"mul4@fabrikam.com"),
            ]),
            Condition::And(vec![
                Condition::Present("cn".to_owned()),
                equal("mail", b"mul3@fabrikam.com"),
            ]),
            Condition::Or(vec![]),
        ] {
            let candidates = index.candidates(&condition).unwrap();
            let met: Vec<usize> = (0..entries.len())
                .filter(|&at| evaluate(&condition, &entries[at]) == Some(true))
                .collect();
            assert!(
                met.iter().all(|at| candidates.contains(at)),
                "{condition:?}"
            );
            assert!(
                candidates.len() <= met.len() + 3 || met.len() > 3,
                "{condition:?}"
            );
        }
        for unindexed in [
            equal("sn", b"x"),
            Condition::Not(Box::new(equal("mail", b"x"))),
            Condition::Or(vec![
                equal("mail", b"x"),
                Condition::Present("mail".to_owned()),
            ]),
        ] {
            assert_eq!(index.candidates(&unindexed), None);
        }
        let name = "cn=A7, dc=Contoso".parse().unwrap();
        assert_eq!(index.named(&name).collect::<Vec<_>>(), [7]);
    }
}
