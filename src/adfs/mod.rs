//! The relying party trusts of an AD FS farm, read from its exports: what stands in the way of moving
//! each of them, and what it becomes here and in Entra.
//!
//! An administrator exports what AD FS knows (`Get-AdfsRelyingPartyTrust`, by `Export-Clixml` or as
//! JSON), and data goes one way through this room: [`read_export`] makes typed [`RelyingPartyTrust`]s of
//! it, [`rule`] understands their claim rules, [`assess()`] runs the tests of Microsoft's own migration
//! tool, [`translate()`] says with Homerealm's rules what AD FS's rules say, as far as they can say it,
//! and [`homerealm_trust`] and [`entra_application`] write that down. What cannot be said is listed with
//! its reason, and never guessed: a rule that was left out is seen by whoever reads the list, and one
//! that lets in too many is seen by nobody.
//!
//! Nothing here asks a server anything.

pub mod assess;
pub mod entra_application;
mod export;
pub mod homerealm_trust;
mod relying_party_trust;
pub mod report;
pub mod rule;
pub mod translate;

pub use assess::assess;
pub use export::{ExportError, LONGEST_EXPORT, read_export};
pub use relying_party_trust::{
    AccessControlPolicy, ExportedCertificate, RelyingPartyTrust, RuleSets, SamlEndpoint,
};
pub use translate::translate;
