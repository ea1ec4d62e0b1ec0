//! XML Signature: enveloped, by reference to an identifier, in exclusive canonical form, RSA.

mod seal;

pub(super) use seal::{PREFIX, Sealed, seal};
