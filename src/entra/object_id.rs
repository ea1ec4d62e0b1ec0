use std::fmt;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::random;

/// The `id` of an object as Graph has it: a GUID, lower case, without braces.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ObjectId(String);

/// A text that is no GUID of the form 8-4-4-4-12.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a GUID of the form 6f9619ff-8b86-d011-b42d-00c04fc964ff")]
pub struct NotAnObjectId(String);

impl ObjectId {
    /// A new one, by chance.
    pub fn new() -> Self {
        Self(random::guid())
    }

    /// The one that belongs to a name, the same each time, so that a file need not tell it (RFC 9562
    /// version 8: from a digest). `kind` keeps things of one name apart.
    pub fn of(kind: &str, name: &str) -> Self {
        let text = format!("{kind} {}", name.to_ascii_lowercase());
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        let octets = digest.as_ref().first_chunk::<16>().copied();
        Self(random::to_guid(
            u128::from_be_bytes(octets.unwrap_or_default()),
            8,
        ))
    }

    /// Reads a GUID in either case.
    pub fn parse(text: &str) -> Result<Self, NotAnObjectId> {
        let groups = text.split('-').map(str::len);
        let is_guid = groups.eq([8, 4, 4, 4, 12])
            && text
                .bytes()
                .all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
        if !is_guid {
            return Err(NotAnObjectId(text.chars().take(100).collect()));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ObjectId {
    fn default() -> Self {
        Self::new()
    }
}

impl TryFrom<String> for ObjectId {
    type Error = NotAnObjectId;

    fn try_from(text: String) -> Result<Self, NotAnObjectId> {
        Self::parse(&text)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_same_id_each_time() {
        let id = ObjectId::of("user", "wmoran@partners.contoso.com");
        assert_eq!(id, ObjectId::of("user", "WMoran@partners.contoso.com"));
        assert_ne!(
            id,
            ObjectId::of("federation", "wmoran@partners.contoso.com")
        );
        assert_eq!(ObjectId::parse(id.as_str()), Ok(id.clone()));
        assert_eq!(id.as_str().get(14..15), Some("8"));
        assert_ne!(ObjectId::new(), ObjectId::new());
    }

    #[test]
    fn only_guids_are_ids() {
        let parsed = ObjectId::parse("6F9619FF-8B86-D011-B42D-00C04FC964FF").unwrap();
        assert_eq!(parsed.as_str(), "6f9619ff-8b86-d011-b42d-00c04fc964ff");
        for bad in [
            "",
            "{6f9619ff-8b86-d011-b42d-00c04fc964ff}",
            "6f9619ff8b86d011b42d00c04fc964ff",
            "6f9619ff-8b86-d011-b42d-00c04fc964fg",
            "6f9619ff-8b86-d011-b42d-00c04fc964f",
        ] {
            assert!(ObjectId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
