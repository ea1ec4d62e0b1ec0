//! The messages of OpenID Connect, as its client speaks it: the authorization code flow (OpenID
//! Connect Core 3.1) with PKCE (RFC 7636), and no other. No I/O, no users, no clock of its own.
//!
//! How ID tokens have been forged in the past, and what stands in the way:
//!
//! - `alg: none`, or an HMAC with the public key for a secret: [`JsonWebAlgorithm`] knows neither, and
//!   a key's own kind must be that of the algorithm ([`KeySet::choose`]).
//! - A key that the token brings along, or an address of one: never looked at ([`Jws::parse`]).
//! - A token of the same issuer for somebody else, an access token, an old token: [`IdToken::verify`]
//!   asks for audience, type, nonce and time.
//! - A member that stands twice, so that two readers see two values: [`Object`] refuses it.
//! - The answer of one issuer in place of another's (mix-up): the issuer must be the one that was
//!   asked, in the answer where it names itself (RFC 9207) and in the token always.
//! - Somebody else's code slipped in: the code redeems with the verifier of this browser's question
//!   alone, and the token must name its nonce.
//!
//! This is written on AWS-LC, which is here anyway. ARCHITECTURE.md says why no crate is used.
//!
//! [`JsonWebAlgorithm`]: crate::keys::JsonWebAlgorithm

mod authentication;
mod code_verifier;
mod discovery;
mod id_token;
mod json;
mod jws;
mod key_set;
#[cfg(test)]
mod test_issuer;
#[cfg(test)]
mod tests;
mod token;

pub use authentication::{AuthenticationError, AuthenticationRequest, Code};
pub use code_verifier::CodeVerifier;
pub use discovery::{DiscoveryError, LARGEST_DISCOVERY, ProviderMetadata, discovery_address};
pub use id_token::{Demand, IdToken, IdTokenError};
pub use json::{JsonError, Object};
pub use jws::{Jws, JwsError};
pub use key_set::{KeyChoiceError, KeySet, KeySetError, LARGEST_KEY_SET};
#[cfg(test)]
pub(crate) use test_issuer::TestIssuer;
pub use token::{ClientAuthentication, Posted, TokenError, TokenRequest, Tokens};
