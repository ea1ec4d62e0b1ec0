//! The ledger: which assertions were issued here.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What the ledger has of an assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was issued.
    pub timestamp: String,
    /// The sign-in it belongs to.
    pub correlation: String,
    /// Its ID.
    pub assertion_id: String,
    /// Whom it was for.
    pub relying_party: String,
    /// The audience that it names, where that is another text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// How that one asked.
    pub protocol: String,
    /// Its issuer.
    pub issuer: String,
    /// Its subject.
    pub name_id: String,
    /// The person's ImmutableID.
    pub immutable_id: String,
    /// The person's cloud UPN.
    pub cloud_upn: String,
    /// What it was issued on.
    pub proof: String,
    /// The SHA-256 thumbprint of the certificate whose key has signed it.
    pub key: String,
    /// Which server it was.
    pub node: String,
    /// The line's number in that server's chain.
    pub seq: u64,
}

/// A line is looked at only if it has the ID in quotes; then it is parsed.
#[derive(Clone, Debug)]
pub struct Search {
    id: String,
    quoted: Vec<u8>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
}

impl Search {
    /// For the assertion with this ID.
    pub fn new(id: &str) -> Self {
        // As it stands in a line: a string cannot fail to become JSON.
        let quoted = serde_json::to_vec(id).unwrap_or_default();
        Self {
            id: id.to_owned(),
            quoted: [b"\"assertion_id\":", quoted.as_slice()].concat(),
        }
    }

    /// The entry, if this line is it.
    pub fn entry(&self, line: &[u8]) -> Option<Entry> {
        let first = self.quoted.first()?;
        // The first octet is found faster than the whole.
        let has_it = line
            .windows(self.quoted.len())
            .any(|window| window.first() == Some(first) && window == self.quoted.as_slice());
        if !has_it || serde_json::from_slice::<Event<'_>>(line).ok()?.event != "assertion-issued" {
            return None;
        }
        let entry: Entry = serde_json::from_slice(line).ok()?;
        (entry.assertion_id == self.id).then_some(entry)
    }
}
