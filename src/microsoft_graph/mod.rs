//! Microsoft Graph, as a program asks it for what an administrator would.
//!
//! Graph and the token endpoint have other addresses in national clouds ([`Cloud`]). A program
//! proves itself with a certificate and no secret ([`Credential`]); [`Graph`] fetches tokens as they are
//! needed, waits when it is told to, reads collections page by page and goes nowhere that an answer
//! names but to Graph itself. What is asked for lies in rooms of their own: [`Domain`] and
//! [`FederationConfiguration`] are here.

mod client;
mod cloud;
mod credential;
mod domain;
mod error;

pub use client::{Graph, Page, segment};
pub use cloud::{Cloud, Endpoints};
pub use credential::Credential;
pub use domain::{AuthenticationType, Domain, FederationConfiguration};
pub use error::GraphError;

#[cfg(test)]
mod tests;
