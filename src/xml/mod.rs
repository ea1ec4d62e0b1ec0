//! XML that can be trusted: a strict reader, a canonical writer, signatures made and checked.
//!
//! Data has one way through. [`read`] turns octets into an [`Element`] or refuses them;
//! [`verify_enveloped`] turns an [`Element`] into a [`VerifiedElement`], which is what a message
//! that must be signed is read from. The other way, a [`CanonicalWriter`] writes the one form that
//! a document of ours has, and signs it as written. The two share the escapes and the algorithm
//! names, and nothing is ever serialised to be parsed again.
//!
//! How signatures have been forged in the past, and why there is no place for it here, is told in
//! [`dsig`], attack by attack; why only authenticated encryption is spoken, in [`encryption`].

mod algorithms;
mod c14n;
mod chars;
pub mod dsig;
pub mod encryption;
mod escape;
mod ids;
mod name;
mod piece;
mod read_error;
mod reader;
mod scope;
mod tag;
mod token;
mod tree;
mod unescape;
mod write_error;
mod writer;

pub use algorithms::{DigestAlgorithm, signature_algorithm, signature_algorithm_uri};
pub use c14n::{C14nError, InclusivePrefixes, exclusive_c14n};
#[doc(inline)]
pub use dsig::{Fault, SignatureError, SignaturePolicy, VerifiedElement, verify_enveloped};
#[doc(inline)]
pub use encryption::{ContentEncryption, EncryptedElement, Encryption, KeyTransport};
pub use name::Name;
pub use read_error::{ReadCause, ReadError};
pub use reader::{Limits, read, read_commented};
pub use tree::{Attribute, Content, Element, StructureError};
pub use write_error::WriteError;
pub use writer::CanonicalWriter;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;
#[cfg(test)]
pub(crate) mod wrapping_tests;
