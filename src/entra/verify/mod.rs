//! Judging the answer of an identity provider, as strictly as Entra does and in places stricter.
//!
//! The order is that of trust. What is round the assertion, which nobody signed, is read for three
//! things only: which request it answers, whether it reports success, and where its one assertion
//! is. The assertion's signature is checked with a registered certificate, and from there on every
//! value comes from the [`VerifiedElement`](crate::xml::VerifiedElement).
//!
//! `saml2` judges a Response; `ws_federation` and `ws_trust` judge what carries a SAML 1.1 assertion,
//! and `saml1` that assertion.
//!
//! Where Entra's own rule is not known, the strict reading of the specifications stands in for it:
//! an answer that passes here has no excuse to fail there.

mod anchor;
mod conditions;
mod context;
mod issuer;
mod judgement;
mod saml1;
mod saml2;
mod sequence;
mod signature;
mod ws_federation;
mod ws_trust;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::{PendingRequest, PendingRequests, Protocol, Refusal, Tenants, User};
use crate::xml::Element;
use context::{Context, read_instant, shown};
use judgement::Judgement;

/// The namespace of XML Signature.
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What each answer is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectations {
    /// The Audience: Entra's entity ID, `urn:federation:MicrosoftOnline`.
    pub audience: String,
    /// The Destination and Recipient of a Response: the address of `login.srf`.
    pub assertion_consumer_service: String,
    /// How far the clocks may be apart. Entra's own allowance is not published (facts 8).
    pub clock_skew: Duration,
    /// Whether rsa-sha1 is accepted too. Microsoft's documents contradict each other about it
    /// (facts 1.4), and nobody should sign with it.
    pub accept_sha1: bool,
}

/// What came from an identity provider.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// A browser posted it by SAML's HTTP-POST binding.
    Saml {
        /// The field `SAMLResponse`.
        saml_response: &'a str,
        /// The field `RelayState`, where it came.
        relay_state: Option<&'a str>,
    },
    /// A browser posted it by WS-Federation.
    WsFederation {
        /// The field `wa`, where it came.
        wa: Option<&'a str>,
        /// The field `wresult`.
        wresult: &'a str,
        /// The field `wctx`, where it came.
        wctx: Option<&'a str>,
    },
    /// An application got it by WS-Trust, and brings it as the grant `saml1_1-bearer`.
    WsTrust {
        /// The parameter `assertion`: base64, in either alphabet.
        assertion: &'a str,
    },
}

impl Answer<'_> {
    /// By which protocol it came.
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Saml { .. } => Protocol::Saml,
            Self::WsFederation { .. } => Protocol::WsFederation,
            Self::WsTrust { .. } => Protocol::WsTrust,
        }
    }
}

/// Judges answers.
#[derive(Clone, Copy, Debug)]
pub struct Verifier<'a> {
    /// Who is synced, and who vouches for whom.
    pub tenants: &'a Tenants,
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
    /// The protocol by which the identity provider said it.
    pub protocol: Protocol,
    /// The issuer.
    pub issuer: String,
    /// The tenant whose user it is, by its first domain.
    pub tenant: String,
    /// The domain whose federation the issuer is.
    pub domain: String,
    /// The `ImmutableID` that the assertion carried.
    pub immutable_id: String,
    /// How the user authenticated (`AuthnContextClassRef`, or `AuthenticationMethod`).
    pub authn_context: String,
    /// When the user authenticated, as it was written.
    pub authn_instant: String,
    /// The identity provider's name for its session, by which it can be signed out.
    pub session_index: Option<String>,
}

impl Verifier<'_> {
    /// Judges one answer, received at `now`. The request that it names is used up by this.
    pub fn verify(&self, answer: Answer<'_>, now: OffsetDateTime) -> Verdict {
        Judgement::new(*self, answer.protocol(), now).reach(answer)
    }
}

/// How many elements under `parent` are of a kind. The reader bounds depth and number.
fn count(parent: &Element, kind: &dyn Fn(&Element) -> bool) -> usize {
    parent
        .elements()
        .map(|child| usize::from(kind(child)) + count(child, kind))
        .sum()
}
