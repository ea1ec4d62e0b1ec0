//! The embedded demo directory: a real LDAPS listener on loopback, in this process.
//!
//! The demo and the unit tests speak to it over the same code and the same wire as to a real
//! domain controller, so that nothing about a sign-in is pretended. It answers as Active
//! Directory does, with its sub-codes and its matching that ignores case *and accents*, and
//! does only what a sign-in needs: simple bind, search, unbind. All else is refused.

mod codec;
pub mod demo_accounts;
mod index;
mod matching;
mod server;
mod session;

pub use server::{Counts, EmbeddedDirectory, EmbeddedError};

use super::{AccountState, Dn, Entry, Password};

/// What an embedded directory holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The root of the tree.
    pub base: Dn,
    /// Organizational units, for searches that begin there.
    pub units: Vec<Dn>,
    /// The service account's name.
    pub service_dn: Dn,
    /// The service account's password.
    pub service_password: Password,
    /// The accounts.
    pub accounts: Vec<Account>,
}

/// One account of an embedded directory.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name and attributes, as searches return them.
    pub entry: Entry,
    /// Its password.
    pub password: Password,
    /// What the right password is answered with, where that is not success.
    pub state: Option<AccountState>,
}
