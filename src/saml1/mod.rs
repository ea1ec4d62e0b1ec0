//! The SAML 1.1 assertion: the token of WS-Federation and WS-Trust, as Entra takes it.
//!
//! SAML 1.1 has an older vocabulary than SAML 2.0 and no message in common with it, so it has a room
//! of its own. Only the assertion is here: the protocols that carry it bring their own envelope and
//! hand in their writer. No I/O, no users, no clock of its own.

mod assertion;
mod claim_type;
mod names;

#[cfg(test)]
mod tests;

pub use assertion::{Assertion, Attribute, AuthenticationMethod};
pub use claim_type::ClaimType;
pub use names::{NAME_IDENTIFIER_UNSPECIFIED, TOKEN_TYPE};
