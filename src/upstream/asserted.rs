use time::OffsetDateTime;

use crate::realm::EmailAddress;

use super::{Terms, UpstreamError};

/// Who an upstream says has proven who she is: verified, and within what it may speak for. That there is
/// such a value is the proof; it names no account yet.
#[derive(Clone, Debug)]
pub struct Asserted {
    upstream: String,
    address: EmailAddress,
    authn_instant: OffsetDateTime,
    factors: Factors,
    session_until: Option<OffsetDateTime>,
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
            session_until: None,
        }
    }

    /// The same, and a session that begins with it ends then at the latest.
    #[must_use]
    pub(crate) fn until(self, session_until: Option<OffsetDateTime>) -> Self {
        Self {
            session_until,
            ..self
        }
    }

    /// As if an upstream had said so.
    #[cfg(test)]
    pub(crate) fn for_test(
        upstream: &str,
        address: &str,
        authn_instant: OffsetDateTime,
        factors: Factors,
    ) -> Self {
        let address = EmailAddress::parse(address).unwrap();
        Self::new(upstream, address, authn_instant, factors)
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

    /// When a session that begins with it ends at the latest, where the upstream says so.
    pub fn session_until(&self) -> Option<OffsetDateTime> {
        self.session_until
    }

    /// By how many ways.
    pub fn factors(&self) -> Factors {
        self.factors
    }
}

impl Terms {
    /// What the upstream has proven, if it may speak for that address. Whether it has seen several
    /// factors counts only where its word on that does.
    pub(super) fn assert(
        &self,
        address: &str,
        authn_instant: OffsetDateTime,
        several_factors: bool,
    ) -> Result<Asserted, UpstreamError> {
        let parsed = EmailAddress::parse(address)
            .map_err(|error| UpstreamError::NoAddress(format!("{:?}: {error}", start(address))))?;
        if !self.speaks_for.covers(&parsed) {
            return Err(UpstreamError::ForeignAddress(parsed.to_string()));
        }
        let factors = if several_factors && self.trusted_for_mfa {
            Factors::Several
        } else {
            Factors::One
        };
        Ok(Asserted::new(&self.name, parsed, authn_instant, factors))
    }
}

/// So much of a stranger's text as belongs into a log.
fn start(text: &str) -> String {
    text.chars().take(EmailAddress::MAX_BYTES).collect()
}
