//! Judging the answer of an identity provider, as strictly as Entra does and in places stricter.
//!
//! The order is that of trust. The envelope, which nobody signed, is read for three things only:
//! which request it answers, whether it reports success, and where its one assertion is. The
//! assertion's signature is checked with a registered certificate, and from there on every value
//! comes from the [`VerifiedElement`](crate::xml::VerifiedElement).
//!
//! Where Entra's own rule is not known, the strict reading of SAML stands in for it: an answer
//! that passes here has no excuse to fail there.

mod anchor;
mod conditions;
mod context;
mod envelope;
mod judgement;
mod sequence;
mod signature;
mod statements;
mod subject;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::{PendingRequest, PendingRequests, Refusal, Tenant, User};
use context::{Context, read_instant, shown};
use judgement::Judgement;

/// The namespace of SAML 2.0 protocol messages.
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// The namespace of SAML 2.0 assertions.
const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// The namespace of XML Signature.
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What each answer is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectations {
    /// The Audience: Entra's entity ID, `urn:federation:MicrosoftOnline`.
    pub audience: String,
    /// The Destination and Recipient: the address of `login.srf`.
    pub assertion_consumer_service: String,
    /// How far the clocks may be apart. Entra's own allowance is not published (facts 8).
    pub clock_skew: Duration,
    /// Whether rsa-sha1 is accepted too. Microsoft's documents contradict each other about it
    /// (facts 1.4), and nobody should sign with it.
    pub accept_sha1: bool,
}

/// What the browser posted.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The field `SAMLResponse`.
    pub saml_response: &'a str,
    /// The field `RelayState`, where it came.
    pub relay_state: Option<&'a str>,
}

/// Judges the answers to the requests of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Verifier<'a> {
    /// Who is synced, and who vouches for whom.
    pub tenant: &'a Tenant,
    /// What answers are held to.
    pub expectations: &'a Expectations,
    /// The requests that may be answered.
    pub pending: &'a PendingRequests,
}

/// The judgement.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The request that was answered, as far as it could be told.
    pub request: Option<PendingRequest>,
    /// What was checked and held, in order.
    pub checks: Vec<Check>,
    /// Who signed in, or why not.
    pub result: Result<SignedIn, Refusal>,
}

/// A check that held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// What was found.
    pub found: String,
}

/// A sign-in that Entra would accept. Everything but the user is as the signed assertion says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignedIn {
    /// The user, as synced.
    pub user: User,
    /// The issuer.
    pub issuer: String,
    /// The domain whose federation the issuer is.
    pub domain: String,
    /// The `ImmutableID` that the `NameID` carried.
    pub immutable_id: String,
    /// How the user authenticated (`AuthnContextClassRef`).
    pub authn_context: String,
    /// When the user authenticated, as it was written.
    pub authn_instant: String,
    /// The identity provider's name for its session, by which it can be signed out.
    pub session_index: Option<String>,
}

impl Verifier<'_> {
    /// Judges one answer, received at `now`. The request that it names is used up by this.
    pub fn verify(&self, answer: Answer<'_>, now: OffsetDateTime) -> Verdict {
        Judgement::new(*self, now).reach(answer)
    }
}

#[cfg(test)]
mod tests;
