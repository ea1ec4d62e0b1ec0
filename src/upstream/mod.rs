//! Upstream identity providers: where people of other organisations prove who they are, when we do not
//! ask for a password ourselves.
//!
//! To them we are a relying party. What one asserts counts only for addresses of domains that it may
//! speak for; whose account an address is, the mapping says, with all its guardrails, as if the address
//! had been typed. An [`Asserted`] is made here and nowhere else, after every check.

mod asserted;
mod error;
pub mod openid;
pub mod saml2;

pub use asserted::{Asserted, Factors};
pub use error::UpstreamError;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    http::Form,
    keys::KeyRing,
    realm::{DomainName, EmailAddress},
};

use openid::OpenId;
use saml2::Saml2;

/// An upstream identity provider.
#[derive(Debug)]
pub struct Upstream {
    /// What holds whatever it speaks.
    pub terms: Terms,
    /// How it is spoken to.
    pub protocol: UpstreamProtocol,
}

/// What holds for an upstream whatever it speaks.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Its name in the configuration; no other has the same.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// Whose addresses it may assert.
    pub speaks_for: SpeaksFor,
    /// Whether its word that somebody used several factors is passed on.
    pub trusted_for_mfa: bool,
}

/// How an upstream is spoken to.
#[allow(clippy::large_enum_variant)] // there are a few, for as long as the process runs
#[derive(Debug)]
pub enum UpstreamProtocol {
    /// SAML 2.0, Web Browser SSO: the answer is posted to [`SAML2_ANSWERS`].
    Saml2(Saml2),
    /// `OpenID` Connect, authorization code: the answer comes by GET to [`OPENID_ANSWERS`].
    OpenId(OpenId),
}

/// The path at which answers by SAML 2.0 arrive.
pub const SAML2_ANSWERS: &str = "/upstream/saml2/acs";
/// The path at which our metadata is, as a service provider's.
pub const SAML2_METADATA: &str = "/upstream/saml2/metadata";
/// The path at which answers by `OpenID` Connect arrive.
pub const OPENID_ANSWERS: &str = "/upstream/openid/callback";

impl Upstream {
    /// The way to it, for somebody who is to prove who she is. `keys` are ours: they sign the question
    /// where the protocol has it signed.
    ///
    /// # Errors
    /// [`UpstreamError`], when it cannot be asked.
    pub async fn ask(&self, ask: &Ask<'_>, keys: &KeyRing) -> Result<Leaving, UpstreamError> {
        match &self.protocol {
            UpstreamProtocol::Saml2(saml2) => saml2.ask(&self.terms, ask, keys),
            UpstreamProtocol::OpenId(openid) => openid.ask(&self.terms, ask).await,
        }
    }

    /// Reads an answer by SAML 2.0: the value of `SAMLResponse`, still in base64.
    ///
    /// # Errors
    /// [`UpstreamError`], unless every check passes.
    pub fn receive_saml2(
        &self,
        response: &str,
        expected: &Expected,
        now: OffsetDateTime,
    ) -> Result<Asserted, UpstreamError> {
        self.is_whom_we_asked(expected)?;
        match &self.protocol {
            UpstreamProtocol::Saml2(saml2) => saml2.receive(&self.terms, response, expected, now),
            UpstreamProtocol::OpenId(_) => Err(not_its_protocol()),
        }
    }

    /// Reads an answer by `OpenID` Connect: the parameters that came back.
    ///
    /// # Errors
    /// [`UpstreamError`], unless every check passes.
    pub async fn receive_openid(
        &self,
        query: &Form,
        expected: &Expected,
        now: OffsetDateTime,
    ) -> Result<Asserted, UpstreamError> {
        self.is_whom_we_asked(expected)?;
        match &self.protocol {
            UpstreamProtocol::OpenId(openid) => {
                openid.receive(&self.terms, query, expected, now).await
            }
            UpstreamProtocol::Saml2(_) => Err(not_its_protocol()),
        }
    }

    fn is_whom_we_asked(&self, expected: &Expected) -> Result<(), UpstreamError> {
        if expected.upstream == self.terms.name {
            return Ok(());
        }
        Err(UpstreamError::NotAsked(format!(
            "{:?} was asked",
            expected.upstream
        )))
    }
}

fn not_its_protocol() -> UpstreamError {
    UpstreamError::NotAsked("the upstream that was asked speaks another protocol".to_owned())
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
