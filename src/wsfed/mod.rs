//! WS-Federation for browsers (MS-MWBF; WS-Federation 1.2, 13): requests as they come in, the answer
//! and the metadata as they go out.
//!
//! Pure: no I/O, no users, no clock of its own. Requests are parameters of a query or a form. They
//! are never signed and have no ID of their own, so a [`Request`] proves nothing: what it may ask for
//! is decided by the trust that its realm names. The answer is a `RequestSecurityTokenResponse` of
//! WS-Trust of February 2005, which is the version that Entra and AD FS's other relying parties read,
//! around a token of [`crate::saml1`] or [`crate::saml2`].

mod authentication;
mod metadata;
mod names;
mod request;
mod response;

#[cfg(test)]
mod tests;

pub use authentication::RequestedAuthentication;
pub use metadata::{Endpoints, federation_metadata};
pub use names::{ACTION_CLEAN_UP, ACTION_SIGN_IN, ACTION_SIGN_OUT};
pub use request::{MAX_CONTEXT, Request, RequestError, SignIn, SignOut};
pub use response::{SignInResponse, Token};
