//! WS-Trust, by which a program exchanges a name and a password for a token, without a browser.
//!
//! Pure: no I/O, no users, no clock of its own. It is here for one caller: the library that
//! applications sign in to Microsoft Entra ID with (MSAL), which looks the endpoint up in
//! [`metadata_exchange`], sends a [`TokenRequest`], and takes a [`TokenResponse`] or a [`Fault`].
//! Two versions of the protocol are spoken, since no one of them is read by every MSAL:
//! February 2005 and 1.3. How each library reads, and how it dies, is written at the code that
//! takes care of it, and in the tests.
//!
//! Only the `usernamemixed` binding: TLS protects the message (WS-SecurityPolicy 1.2, 7.3), and a
//! `UsernameToken` with a plain password says who is asking (WSS `UsernameToken` Profile 1.1). Nothing
//! in a request is signed, so the strictness of [`TokenRequest::read`] keeps two readers from
//! seeing two messages, and no more than that is asked of it.

mod envelope;
mod fault;
mod metadata_exchange;
mod names;
mod request;
mod request_error;
mod response;
mod security;

#[cfg(test)]
mod tests;

pub use fault::{Fault, FaultCode};
pub use metadata_exchange::metadata_exchange;
pub use names::Version;
pub use request::{Endpoint, TokenRequest, Unread};
pub use request_error::RequestError;
pub use response::TokenResponse;
pub use security::{PlainPassword, UsernameToken};
