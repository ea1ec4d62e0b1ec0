//! The other side: a strict simulator of Entra's federated sign-in.
//!
//! Nobody can try a federation without a tenant, a verified domain and hours of waiting. This
//! room stands in for Entra: it holds synced users, finds the home realm of a typed name, sends
//! the `AuthnRequest` as Entra sends it, checks the answer at least as strictly, and says in
//! Entra's own codes why it refuses.
//!
//! It is a second implementation of the protocols on purpose. It knows nothing of the identity
//! provider's rooms, nor of its protocol messages, so that the two sides cannot share a mistake;
//! and so it works in front of any other identity provider.
//!
//! A sign-in flows through the files in this order: `web` takes the name and hands it to the
//! [`Simulator`]; `begin` looks for a hint ([`Acceleration`]), or [`discover`] finds user and
//! federation in one of the [`Tenants`]; `authn_request` or `sign_in_request` builds the request, `pending` remembers it; [`verify`] judges the answer;
//! `outcome` keeps the decision and `pages` show it.
//!
//! Applications that ask for the password themselves go another way: `open_id` tells them where,
//! [`ws_trust`] is what they do there, and they bring what they got back to `open_id`. Those that send
//! people here, by OpenID Connect, get codes and tokens from `oauth`, round the same sign-in. `graph` is
//! for administrators.

mod aadsts;
mod acceleration;
mod access_tokens;
mod application_code;
mod authn_request;
mod begin;
mod discovery;
mod graph;
mod hints;
mod instant;
mod name;
mod oauth;
mod object_id;
mod open_id;
mod outcome;
mod pages;
mod pending;
mod protocol;
mod query;
mod random;
mod settings;
mod sign_in_request;
mod simulator;
mod tenant;
mod tenants;
mod user_realm;
pub mod verify;
mod web;
pub mod ws_trust;

#[cfg(test)]
pub(crate) mod fixture;

pub use aadsts::{Aadsts, Refusal};
pub use acceleration::{Acceleration, Because, DomainHint};
pub use application_code::ApplicationCode;
pub use authn_request::{AuthnRequest, PostToIdp};
pub use begin::{Arrival, Journey, Managed, Next, ToIdp};
pub use discovery::{Address, FoundBy, HomeRealm, Realm, discover};
pub use hints::{Hint, HintPolicy, Names};
pub use name::{DomainName, ImmutableId, NameError, SignInName};
pub use object_id::{NotAnObjectId, ObjectId};
pub use outcome::{Decision, Outcome};
pub use pending::{PendingRequest, PendingRequests, Unanswerable, Whom};
pub use protocol::Protocol;
pub use settings::Settings;
pub use sign_in_request::{SignInRequest, WrittenBy};
pub use simulator::Simulator;
pub use tenant::{
    AlternateIdLogin, Api, Application, Authentication, Domain, DomainHintPolicy,
    FederatedIdpMfaBehavior, HomeRealmDiscoveryPolicy, InternalDomainFederation, KeyCredential,
    PasswordCredential, Platform, PreferredAuthenticationProtocol, PromptLoginBehavior,
    ProxyAddress, ProxyAddressError, RedirectUris, Subject, Tenant, TenantError, TenantParts, User,
    UserType, ValidatingDomains,
};
pub use tenants::Tenants;
pub use user_realm::UserRealm;
