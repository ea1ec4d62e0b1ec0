use std::{fmt, sync::Arc};

use rustls::ClientConfig;
use time::Duration;

use crate::openid::ClientAuthentication;

/// How an upstream is spoken to by OpenID Connect.
pub struct Settings {
    /// Its issuer, as it names itself. Its discovery document is below that.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// How we prove that.
    pub authentication: ClientAuthentication,
    /// Where its answers go: ours, and registered there.
    pub redirect_uri: String,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim that holds the address.
    pub address_claim: String,
    /// Whether that is hers.
    pub verified: Verified,
    /// What tells that somebody used several factors.
    pub several_factors: SeveralFactors,
    /// How far its clock may be from ours.
    pub clock_skew: Duration,
    /// Which certificates its servers may have.
    pub tls: Arc<ClientConfig>,
}

/// Whether an address is that of the person who is signed in, and not one that she made up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// If the claim of this name says `true`.
    IfClaimed(String),
    /// Always: nobody at this issuer can choose her own.
    Always,
}

/// The words by which an issuer tells that somebody used several factors. One is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeveralFactors {
    /// Values of `acr`, which are asked for, too, the best first.
    pub acr: Vec<String>,
    /// Values within `amr` (RFC 8176).
    pub amr: Vec<String>,
}

impl Default for SeveralFactors {
    fn default() -> Self {
        Self {
            acr: vec!["https://refeds.org/profile/mfa".to_owned()],
            amr: vec!["mfa".to_owned()],
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
