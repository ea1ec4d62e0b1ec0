//! Upstream identity providers: where people of other organisations prove who they are, when we do not
//! ask for a password ourselves.
//!
//! To them we are a relying party. What one asserts counts only for addresses of domains that it may
//! speak for; whose account an address is, the mapping says, with all its guardrails, as if the address
//! had been typed. An [`Asserted`] is made here and nowhere else, after every check.

mod asserted;

pub use asserted::{Asserted, Factors};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::realm::{DomainName, EmailAddress};

/// An upstream identity provider, as the configuration has it.
#[derive(Debug)]
pub struct Upstream {
    /// Its name in the configuration; no other has the same.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// Whose addresses it may assert.
    pub speaks_for: SpeaksFor,
    /// Whether its word that somebody used several factors is passed on.
    pub trusted_for_mfa: bool,
}

/// The addresses that an upstream may assert.
#[derive(Clone, Debug, Default)]
pub struct SpeaksFor {
    /// All of these domains, and not of those below them.
    pub domains: Vec<DomainName>,
    /// These, one by one.
    pub addresses: Vec<EmailAddress>,
}

impl SpeaksFor {
    /// Whether an address is among them.
    pub fn covers(&self, address: &EmailAddress) -> bool {
        self.domains.contains(address.domain()) || self.addresses.contains(address)
    }
}

/// What we ask of an upstream.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Who is expected.
    pub login_hint: Option<&'a str>,
    /// She must prove it anew (`ForceAuthn`, `prompt=login`); an older proof is then refused.
    pub fresh: bool,
    /// Several factors are asked for.
    pub several_factors: bool,
    /// What comes back with the answer (`RelayState`, `state`): an opaque name of at most 64 octets of
    /// base64url, by which the edge finds the sign-in again. It is no secret.
    pub handle: &'a str,
    /// Now.
    pub now: OffsetDateTime,
}

/// A person on the way to an upstream.
#[derive(Debug)]
pub struct Leaving {
    /// Where the browser goes, by GET.
    pub address: String,
    /// What the answer must fit, sealed by the edge until then.
    pub expected: Expected,
}

/// What an answer must fit: it is asked for, by this browser, from this upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The upstream's name.
    pub upstream: String,
    /// The request's own ID (`InResponseTo`), or `nonce`.
    pub request_id: String,
    /// The secret of PKCE (RFC 7636), where it is by `OpenID` Connect.
    pub code_verifier: Option<String>,
    /// When it was asked, in seconds since 1970.
    pub asked_at: i64,
    /// Whether the proof must be younger than the question.
    pub fresh: bool,
}
