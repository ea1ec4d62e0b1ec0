//! The audit trail: one line for every decision, with the cause that the page does not tell, each
//! chained to the line before.
//!
//! Passwords and whole assertions never stand here. A name that was typed stands here only in the
//! form it was parsed to: what could not be parsed may be a password in the wrong field.
//!
//! A line is written by one `write`, which has returned before the assertion that it tells of leaves:
//! a process that is killed loses none that anybody has heard of. [`verify`] finds what was changed,
//! taken out or put in since; [`ledger`] answers whether an assertion was made here.

mod chain;
mod copies;
mod event;
mod file;
mod journal;
pub mod ledger;
mod line;
mod settings;
mod syslog;
#[cfg(test)]
mod tests;
mod trail;
pub mod verify;

pub use chain::{Digest, Head};
pub use event::{
    Described, Issued, Vouched, metadata_refused, metadata_taken, not_permitted, password_changed,
    request_refused, sign_in_failed, sign_out_confirmed, signed_in, signed_out, upstream_failed,
};
pub use file::of_trail;
pub use line::TARGET;
pub use settings::{NodeName, Settings, Sync, Syslog, WhenUnwritable};
pub use trail::{Figures, NotRecorded, figures, reopen, start, stop, watch};

pub(super) use trail::start_on_stderr;
