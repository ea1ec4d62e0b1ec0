use time::OffsetDateTime;

use crate::realm::EmailAddress;

/// Who an upstream says has proven who she is: verified, and within what it may speak for. That there is
/// such a value is the proof; it names no account yet.
#[derive(Clone, Debug)]
pub struct Asserted {
    upstream: String,
    address: EmailAddress,
    authn_instant: OffsetDateTime,
    factors: Factors,
}

/// How many ways of proving it she has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factors {
    /// One, such as a password; or more, from one whose word on that does not count.
    One,
    /// Several, from one who is trusted to say so.
    Several,
}

impl Asserted {
    /// Only after every check: see the room's own page.
    pub(super) fn new(
        upstream: &str,
        address: EmailAddress,
        authn_instant: OffsetDateTime,
        factors: Factors,
    ) -> Self {
        Self {
            upstream: upstream.to_owned(),
            address,
            authn_instant,
            factors,
        }
    }

    /// The upstream's name.
    pub fn upstream(&self) -> &str {
        &self.upstream
    }

    /// Her address.
    pub fn address(&self) -> &EmailAddress {
        &self.address
    }

    /// When she proved it.
    pub fn authn_instant(&self) -> OffsetDateTime {
        self.authn_instant
    }

    /// By how many ways.
    pub fn factors(&self) -> Factors {
        self.factors
    }
}
