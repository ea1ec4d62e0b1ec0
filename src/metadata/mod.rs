//! Those who are described by their metadata: where it comes from, what it may say, and how it is kept
//! fresh.
//!
//! A [`Keeper`] holds one [`Peer`] to its metadata. It takes a document from its [`Source`], a file or
//! an address, has [`crate::saml2`] read it, and has the peer take what it says: of a relying party, what
//! the [`Terms`] of the configuration permit becomes the one that the trusts have. What does not pass
//! leaves them as they are. So metadata that is gone, broken, forged or unsigned changes nothing: the last
//! good one counts until its own `validUntil`. Only then is the relying party not there any more,
//! since whoever wrote it asked for that.
//!
//! What was good is kept in a folder ([`LastGood`]), so that a start without the network finds it.
//! It is read from there by the same rules as from the address: a file that somebody changed is
//! worth no more than an answer that somebody forged.
//!
//! This room does I/O and has a clock; it knows nothing of people, and decides nothing about them.

mod keeper;
mod last_good;
mod peer;
mod schedule;
mod source;
mod terms;
#[cfg(test)]
mod tests;

pub use keeper::{Keeper, Refreshed};
pub use last_good::LastGood;
pub use peer::{DescribedParty, Peer};
pub use schedule::{begin, keep_fresh};
pub use source::{Origin, Source, SourceError};
pub(crate) use terms::is_answerable;
pub use terms::{Disagreement, EncryptionTerms, SignatureTerms, Terms};

use crate::saml2::EntityMetadataError;

/// Why metadata was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataProblem {
    /// There is no document.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The document is not accepted.
    #[error(transparent)]
    Metadata(#[from] EntityMetadataError),
    /// It says what the configuration does not permit.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// The task that read it was cut off: the process is ending.
    #[error("the reading was cut off")]
    CutOff,
}
