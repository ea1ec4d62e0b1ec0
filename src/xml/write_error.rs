//! Why documents cannot be written.

use super::escape::ForbiddenCharacter;
use crate::keys::KeyError;

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A value holds a character that no XML document can hold.
    #[error("a value holds a character that XML does not permit")]
    ForbiddenCharacter,
    /// The value of the identifier of a signed element is not a name (xs:ID).
    #[error("an identifier is not a name")]
    BadId,
    /// Elements opened and closed do not match up, or there is not exactly one root.
    #[error("elements are not balanced")]
    Unbalanced,
    /// A name is malformed, its prefix and namespace do not go together, or an attribute is given
    /// twice.
    #[error("a name is malformed, or repeated, or its prefix contradicts its namespace")]
    Name,
    /// A namespace that one signed element uses is declared by another signed element around it, so
    /// that the document cannot be canonical for both.
    #[error("a namespace inside a signed element is declared outside it")]
    NamespaceAcrossSignatures,
    /// A signed element without its one place for the signature, or a place that is not a direct
    /// child of a signed element.
    #[error("the place of a signature is missing or misplaced")]
    SignaturePlace,
    /// The key refused.
    #[error("signing failed: {0}")]
    Signing(#[from] KeyError),
    /// The recipient's key refused, or no content key could be made.
    #[error("encryption failed: {0}")]
    Encryption(KeyError),
}

impl From<ForbiddenCharacter> for WriteError {
    fn from(_: ForbiddenCharacter) -> Self {
        Self::ForbiddenCharacter
    }
}
