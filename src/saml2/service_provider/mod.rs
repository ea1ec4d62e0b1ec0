//! The other side of single sign-on: what a service provider says and hears (SAML profiles 4.1).
//!
//! Toward an upstream identity provider we are one. We ask by an [`OutgoingAuthnRequest`]; what comes
//! back is read by [`ReceivedResponse::authenticate_answer`](crate::saml2::ReceivedResponse), which gives a
//! [`ProvenSubject`] or refuses. There is one only if a signature of the identity provider's covers
//! every part that was read, and if it answers the very question that was asked: nothing unsolicited is
//! taken.

mod answer;
mod assertion;
mod error;
mod metadata;
mod request;
mod subject;
#[cfg(test)]
pub(crate) mod test_identity_provider;
#[cfg(test)]
mod tests;

pub use answer::ExpectedAnswer;
pub use assertion::{NamedAttribute, ProvenSubject};
pub use error::{AnswerError, Refusal};
pub use metadata::{ServiceProvider, service_provider_metadata};
pub use request::OutgoingAuthnRequest;
