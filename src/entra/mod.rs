//! The other side: a strict simulator of Entra's federated sign-in.
//!
//! Nobody can try a federation without a tenant, a verified domain and hours of waiting. This
//! room stands in for Entra: it holds synced users, finds the home realm of a typed name, sends
//! the `AuthnRequest` as Entra sends it, checks the answer at least as strictly, and says in
//! Entra's own codes why it refuses.
//!
//! It is a second implementation of SAML on purpose. It knows nothing of the identity provider's
//! rooms, nor of its protocol messages, so that the two sides cannot share a mistake; and so it
//! works in front of any other identity provider.
//!
//! A sign-in flows through the files in this order: `web` takes the name and hands it to the
//! [`Simulator`]; [`discover`] finds user and federation in the [`Tenant`]; `authn_request` builds
//! the request, `pending` remembers it; [`verify`] judges the answer; `outcome` keeps the decision
//! and `pages` show it.

mod aadsts;
mod authn_request;
mod discovery;
mod instant;
mod name;
mod outcome;
mod pages;
mod pending;
mod random;
mod simulator;
mod tenant;
pub mod verify;
mod web;

#[cfg(test)]
mod fixture;

pub use aadsts::{Aadsts, Refusal};
pub use authn_request::{AuthnRequest, Hint, HintPolicy, PostToIdp};
pub use discovery::{Address, FoundBy, HomeRealm, Realm, discover};
pub use name::{DomainName, ImmutableId, NameError, SignInName};
pub use outcome::{Decision, Outcome};
pub use pending::{PendingRequest, PendingRequests, Unanswerable};
pub use simulator::{Journey, Next, Settings, Simulator};
pub use tenant::{
    Authentication, Domain, InternalDomainFederation, Tenant, TenantError, User, UserType,
};
