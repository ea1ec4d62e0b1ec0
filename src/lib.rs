//! Homerealm: an identity provider small enough to trust.
//!
//! A partner signs in with her own email; Homerealm finds her one local account by LDAP, checks
//! her password there, and issues the assertion that Microsoft Entra ID accepts for her cloud UPN.
//!
//! Data flows one way: [`web`] parses HTTP into a protocol request, [`signin`] runs the journey
//! with [`realm`] and [`directory`], [`trust`] picks the claims, [`saml2`] builds the message,
//! [`xml`] and [`keys`] sign it, [`web`] sends it. `ARCHITECTURE.md` has the map.

pub mod adfs;
pub mod check;
pub mod config;
pub mod demo;
pub mod directory;
pub mod entra;
pub mod entra_setup;
pub mod fixed_text;
pub mod http;
pub mod keys;
pub mod links;
pub mod metadata;
pub mod microsoft_graph;
pub mod observe;
pub mod openid;
pub mod overload;
pub mod provider;
pub mod provision;
pub mod realm;
pub mod saml1;
pub mod saml2;
pub mod signin;
pub mod signing_keys;
pub mod simulate;
pub mod store;
pub mod sync;
pub mod trust;
pub mod upstream;
pub mod web;
pub mod wsfed;
pub mod wstrust;
pub mod xml;
