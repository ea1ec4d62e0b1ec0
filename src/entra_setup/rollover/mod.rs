//! The change of the signing certificate, in four steps of which none can lock people out.
//!
//! 1. *prepare*: the next key is made, and its certificate published beside the current one.
//! 2. *register*: Entra is told to trust it as `nextSigningCertificate`, too.
//! 3. *switch*: the key files are exchanged; a running server signs with the next key from then on.
//! 4. *retire*: Entra is told to trust nothing but the new certificate, and the former key goes.
//!
//! Nothing is written down about how far somebody got. [`Seen`] is what the key files, Entra and the
//! running server show, and which step is due follows from that alone; so it can be gone on with after
//! any interruption, by anybody, and a step that has been done is not done again. What must hold all the
//! time: Entra trusts the certificate that is signed with. So *switch* reads back from Graph that every
//! domain trusts the next one, and *retire* reads the running server's metadata, whose signature shows
//! which key it really signs with.

mod act;
mod files;
mod live;
mod seen;

pub use act::{Made, Rollover};
pub use files::FilesError;
pub use live::LiveError;
pub use seen::{DomainSeen, Refusal, Seen, Step};

use crate::{config::ConfigError, keys::KeyError, microsoft_graph::GraphError};

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RolloverError {
    /// It would lock people out, or it is not its turn.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Entra could not be asked, or refuses.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The running server could not be asked what it publishes.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// A key file could not be written or moved.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A key file could not be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
}

#[cfg(test)]
mod tests;
