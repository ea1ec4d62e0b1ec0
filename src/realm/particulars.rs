//! What rules of relying parties ask to be known of an account, beyond what every sign-in needs.

use crate::directory::{Attribute, DirectoryError, Dn, Entry};

use super::{MappedAccount, Realm};

/// The most values of one attribute.
const MOST_VALUES: usize = 64;

/// The most text of all of them together, in bytes: it is kept with the session.
const MOST_BYTES: usize = 16 * 1024;

/// The values of the attributes asked for that are there, each sorted and once: the directory
/// promises no order. What is no text, or none that XML can carry, counts as not there; so does an
/// attribute with too many values or too much text, since a part of it would be taken for all.
pub(super) fn collect(wanted: &[Attribute], entry: &Entry) -> Vec<(String, Vec<String>)> {
    let mut left = MOST_BYTES;
    let mut collected = Vec::new();
    for name in wanted {
        let usable = |value: &&str| !value.trim().is_empty() && value.chars().all(is_carried);
        let values = entry.values(name.as_str()).filter(usable);
        let mut values: Vec<String> = values.map(str::to_owned).collect();
        values.sort_unstable();
        values.dedup();
        let size: usize = values.iter().map(String::len).sum();
        if values.is_empty() {
            continue;
        }
        if values.len() > MOST_VALUES || size > left {
            tracing::warn!(account = entry.dn(), attribute = %name, "more values than are told");
            continue;
        }
        left -= size;
        collected.push((name.as_str().to_owned(), values));
    }
    collected
}

/// Whether XML 1.0 can carry it, and people can read it: line breaks and tabs may be in an address.
fn is_carried(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

impl Realm {
    /// Which of `groups` the account is in, nested ones included. No search where there are none to
    /// ask about.
    pub async fn groups_of(
        &self,
        account: &MappedAccount,
        groups: &[Dn],
    ) -> Result<Vec<Dn>, DirectoryError> {
        match self.homes().get(account.home()) {
            Some(home) if !groups.is_empty() => {
                home.directory().groups_of(account.dn(), groups).await
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The name of the directory that the account is in.
    pub fn directory_of(&self, account: &MappedAccount) -> Option<&str> {
        self.homes().get(account.home()).map(super::Home::name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(attributes: &[(&str, &[&[u8]])]) -> Vec<(String, Vec<String>)> {
        let wanted = ["Title", "department", "x"].map(|name| Attribute::parse(name).unwrap());
        let of = |(name, values): &(&str, &[&[u8]])| {
            let values = values.iter().map(|value| value.to_vec());
            ((*name).to_owned(), values.collect())
        };
        collect(
            &wanted,
            &Entry::new("cn=a", attributes.iter().map(of).collect()),
        )
    }

    #[test]
    fn only_what_is_asked_for_is_kept_in_order_and_once() {
        let found = collected(&[
            ("department", &[b"IT", b"HR", b"IT"]),
            ("title", &[b"Auditor"]),
            ("employeeNumber", &[b"42"]),
            ("x", &[]),
        ]);
        assert_eq!(
            found,
            [
                ("Title".to_owned(), vec!["Auditor".to_owned()]),
                (
                    "department".to_owned(),
                    vec!["HR".to_owned(), "IT".to_owned()]
                ),
            ]
        );
    }

    #[test]
    fn what_cannot_be_told_is_not_there() {
        for values in [
            &[b"\xff\xfe".as_slice()][..],
            &[b"a\0b"],
            &[b""],
            &[b" "],
            &[b"\xef\xbf\xbf"],
        ] {
            assert_eq!(collected(&[("title", values)]), []);
        }
        let kept = collected(&[(
            "title",
            &[b"a\0", b"1 Main St\r\nBerlin", "\u{85}".as_bytes()],
        )]);
        assert_eq!(
            kept,
            [("Title".to_owned(), vec!["1 Main St\r\nBerlin".to_owned()])]
        );
    }

    #[test]
    fn an_attribute_that_is_too_much_is_left_out_whole() {
        let many: Vec<Vec<u8>> = (0..=64).map(|n| format!("{n}").into_bytes()).collect();
        let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
        assert_eq!(collected(&[("title", &many)]), []);
        assert_eq!(
            collected(&[("title", many.get(1..).unwrap())])[0].1.len(),
            64
        );
        let long = vec![b'a'; MOST_BYTES];
        let over = vec![b'a'; MOST_BYTES + 1];
        assert_eq!(collected(&[("title", &[&over])]), []);
        let found = collected(&[("title", &[&long]), ("department", &[b"b"])]);
        assert_eq!(found.len(), 1, "together they are too much");
    }
}
