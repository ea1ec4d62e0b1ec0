//! Accounts in LDAP: lookup, password check, and the embedded demo directory.
//!
//! [`Directory`] is the client. It keeps two kinds of connection, because a bind changes the
//! identity of the whole connection (RFC 4511 4.2.1): a few multiplexed connections for searches,
//! bound as the service account, and a small pool on which people's passwords are checked. Both
//! are opened when first needed and kept; in steady state a sign-in opens none.
//!
//! A directory may have several servers, by priority. One that does not answer within the deadline
//! of a first attempt counts as down, and the operation goes once more to another; a background
//! look at each server finds out who is back. The servers are listed in the configuration, or
//! found by DNS ([`Discovery`]), which is looked up again from time to time.
//!
//! What a sign-in name is, and which account it means, is decided in [`crate::realm`]; what a
//! person is told, in [`crate::signin`]. This room knows only LDAP (RFC 4511) and the dialect
//! that Active Directory speaks.

mod account_control;
mod account_state;
mod bind;
mod bind_connection;
mod bind_message;
mod change;
mod client;
mod connection;
mod dialer;
mod discovery;
mod dn;
pub mod embedded;
mod entry;
mod filter;
mod gate;
mod guid;
mod health;
mod membership;
mod password;
mod password_policy;
mod principal;
mod probe;
mod refresh;
mod roster;
mod scan;
mod search;
mod server_url;
mod settings;
mod snapshot;
#[cfg(test)]
pub(crate) mod test_fixture;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use account_control::{PASSWORD_EXPIRY, password_expiry};
pub use account_state::AccountState;
pub use bind::{BindError, PasswordProof};
pub use change::{ChangeError, PasswordChange, PolicyRefusal};
pub use client::Directory;
pub use connection::{DirectoryError, Step};
pub use discovery::{
    Discovered, DiscoveredServer, Discovery, DiscoveryError, DnsName, DnsNameError, MOST_SERVERS,
};
pub use dn::{Dn, DnError};
pub use entry::Entry;
pub use filter::{Attribute, Filter, FilterError, ScopeFilter};
pub use guid::{ObjectGuid, ObjectGuidError};
pub use password::{Password, PasswordError};
pub use principal::Principal;
pub use probe::{Probe, ServerFacts};
pub use search::Found;
pub use server_url::{Scheme, ServerUrl, ServerUrlError};
pub use settings::{Limits, Servers, ServiceAccount, Settings, SettingsError, TlsMode};
pub use snapshot::{CaughtUp, Reading, Snapshot};
