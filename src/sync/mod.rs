//! What a directory sync would have Entra hold of the accounts, and what would break it.
//!
//! Entra Connect writes each account's `userType`, `userPrincipalName` (the cloud UPN),
//! `onPremisesUserPrincipalName` (for a guest the email that she signs in with) and
//! `onPremisesImmutableId` (facts of guest sync). This room derives them by the same rules, finds every
//! [`Conflict`] before Entra does, and says the rules in Entra Connect's own language. It reads no
//! directory and writes no file: accounts come in as [`Listed`](crate::realm::Listed), texts go out.

mod conflict;
mod derive;
mod held;
mod plan;
mod prediction;
mod report;
mod rules;
mod table;
mod tenant;
mod terms;
#[cfg(test)]
mod tests;
mod upn;

pub use conflict::{Conflict, ConflictKind};
pub use plan::{Counts, Plan, Planned};
pub use prediction::Prediction;
pub use report::html;
pub use rules::rules;
pub use table::{csv, table};
pub use tenant::{TenantFileError, fill, planned_tenant, tenant_file};
pub use terms::{GuestRules, Terms};
