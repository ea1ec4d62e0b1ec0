//! What all messages that come in have in common.

use time::OffsetDateTime;

use crate::{
    trust::RequestKeys,
    xml::{Element, SignaturePolicy, verify_enveloped},
};

use super::{
    RequestError,
    binding::Received,
    names::{ASSERTION, DSIG},
    parse_timestamp,
};

/// Longer IDs serve nobody and would be kept for the replay check.
const MAX_ID: usize = 256;

impl Received {
    /// Whether there is a signature, of whatever worth.
    pub(super) fn is_signed(&self) -> bool {
        self.redirect_signature.is_some() || has_signature(&self.root)
    }

    /// Checks the signature, and has the message read from what it covers.
    pub(super) fn verified<T>(
        &self,
        keys: &RequestKeys,
        read: impl FnOnce(&Element) -> Result<T, RequestError>,
    ) -> Result<T, RequestError> {
        if let Some(signature) = &self.redirect_signature {
            signature.verify(keys)?;
            return read(&self.root);
        }
        if !has_signature(&self.root) {
            return Err(RequestError::Unsigned);
        }
        let policy = policy(keys);
        let keys: Vec<_> = keys.keys().iter().collect();
        read(verify_enveloped(&self.root, &keys, &policy)?.element())
    }
}

/// SHA-1 only where the trust permits it: Entra signs its requests so.
pub(super) fn policy(keys: &RequestKeys) -> SignaturePolicy {
    if keys.permit_sha1() {
        SignaturePolicy::SHA1_TOO
    } else {
        SignaturePolicy::SHA2
    }
}

fn has_signature(root: &Element) -> bool {
    root.elements().any(|child| child.is(DSIG, "Signature"))
}

/// The head of a message about the end of a session (SAML core 3.2.1 and 3.2.2).
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) issuer: String,
    pub(super) issue_instant: OffsetDateTime,
    pub(super) destination: Option<String>,
}

impl Head {
    pub(super) fn read(root: &Element) -> Result<Self, RequestError> {
        if root.attribute("Version") != Some("2.0") {
            return Err(RequestError::Version);
        }
        let issue_instant = root.attribute("IssueInstant").and_then(parse_timestamp);
        let issuer = only(root, ASSERTION, "Issuer")?
            .and_then(|issuer| issuer.text().map(|text| text.trim().to_owned()))
            .filter(|issuer| !issuer.is_empty());
        Ok(Self {
            id: id(root, "ID")?,
            issuer: issuer.ok_or(RequestError::Malformed("Issuer"))?,
            issue_instant: issue_instant.ok_or(RequestError::Malformed("IssueInstant"))?,
            destination: root.attribute("Destination").map(str::to_owned),
        })
    }
}

/// The value of an attribute that is an identifier.
pub(super) fn id(root: &Element, name: &'static str) -> Result<String, RequestError> {
    root.attribute(name)
        .filter(|id| id.len() <= MAX_ID && is_ncname(id))
        .map(str::to_owned)
        .ok_or(RequestError::Malformed(name))
}

/// The child that may be there once or not at all.
pub(super) fn only<'a>(
    parent: &'a Element,
    namespace: &str,
    local: &'static str,
) -> Result<Option<&'a Element>, RequestError> {
    parent
        .only_child(namespace, local)
        .map_err(|_| RequestError::Malformed(local))
}

/// `xs:ID` as far as ASCII goes; what real senders use is a part of that.
fn is_ncname(id: &str) -> bool {
    let mut characters = id.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}
