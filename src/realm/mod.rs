//! Home-realm discovery: a sign-in name to exactly one account, or to nobody.
//!
//! # What a sign-in name is
//!
//! An address `local@domain`, or where the configuration allows it a bare `sAMAccountName`.
//! Everything else is refused before the directory sees it ([`SignInName::parse`]).
//!
//! * Spaces around are dropped; at most 254 bytes remain (RFC 5321 4.5.3.1.3).
//! * The domain loses one trailing dot and is mapped by UTS 46 with the STD3 rules to its ASCII
//!   form. Two domains are the same when these forms are.
//! * The local part is a dot-atom (RFC 5322 3.2.3), or letters beyond ASCII beside it (RFC 6531)
//!   in Unicode normalization form C. `wendy+x` and `wendy` are different people's addresses;
//!   nothing is cut off. Quoted local parts are refused.
//! * Text beyond ASCII must be letters or marks that UTS 39 recommends for identifiers, of one
//!   script (as UTS 39 5.1 resolves it), and must not look like plain ASCII: a label in another
//!   script whose skeleton (UTS 39 4) is ASCII is refused, and so is a Latin one that holds a
//!   letter whose skeleton is an ASCII one, such as a dotless i. An honest word in Cyrillic
//!   has some letter that no Latin one resembles, and passes. Digits beyond ASCII, controls,
//!   directional and other format characters and unassigned code points are never letters.
//!
//! # When two addresses are the same
//!
//! [`same_address`]: the local parts are equal after Unicode lower-casing, the domains are equal
//! in ASCII form. This is deliberately narrower than what directories do, whose matching also
//! ignores accents: every value that the directory returns is compared again here, and only what
//! is the same counts.
//!
//! # When a name means an account
//!
//! When exactly one entry has it in a configured attribute, that entry lies in scope and is not
//! privileged, the name is no address of the organisation's own, its UPN's suffix is federated, and
//! it has an ImmutableID. All else is a [`MappingError`], which the audit log may know and the
//! person must not.
//!
//! # Several directories
//!
//! A [`Realm`] may have several homes. Each is asked, at the same time, unless it is configured
//! with the domains it answers for and the name's is not one of them. Exactly one entry in all of
//! them together must have the name: one that has it and may not sign in counts too. A directory
//! that gives no answer might have held another, so without its answer there is none: a name is
//! refused when we are unsure, and `email_domains` is how one forest's outage is kept from
//! another's people.

mod account;
mod address;
mod domain;
mod find;
mod guard;
mod home;
mod locate;
mod lookalike;
mod mapping;
mod memory;
mod particulars;
mod roll;
mod route;
mod sign_in_name;
mod survey;
#[cfg(test)]
mod tests;
mod trace;

pub use account::{ImmutableId, ImmutableIdError, MappedAccount};
pub use address::{EmailAddress, same_address};
pub use domain::DomainName;
pub use find::{MappingError, Realm};
pub use home::Home;
pub use mapping::{
    FederatedDomain, ImmutableIdEncoding, ImmutableIdSource, Mapping, SignInAttribute,
};
pub use roll::{Listed, Roll};
pub use route::{
    Arriving, Directories, EntraDoor, HomeRealm, Route, Routes, TableError, TenantedLink,
    TenantedLinkError, Tried, Unfit, When,
};
pub use sign_in_name::{NameError, SignInName};
pub use survey::{Examples, Owners, Survey};
pub use trace::{Trace, TraceStep};
