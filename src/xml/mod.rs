//! XML that can be trusted.

mod algorithms;
mod chars;
mod dsig;
mod escape;
mod ids;
mod reader;
mod scope;
mod tag;
mod token;
mod tree;
mod unescape;
mod writer;

pub use algorithms::{DigestAlgorithm, signature_algorithm, signature_algorithm_uri};
pub use reader::{Limits, ReadCause, ReadError, read};
pub use tree::{Attribute, Element, StructureError};
pub use writer::{CanonicalWriter, Name, WriteError};
