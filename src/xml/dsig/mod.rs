//! XML Signature: enveloped, by reference to an identifier, in exclusive canonical form, RSA.
//!
//! # How signatures have been got round, and why there is no place for it here
//!
//! **Signature wrapping, XSW1 to XSW8** (Somorovsky and others, "On Breaking SAML", 2012;
//! CVE-2024-45409, CVE-2024-6800, CVE-2025-47949 and many more). The signed element is moved to a
//! place that the verifier finds by its identifier and the application does not read; a forged one
//! stands where the application reads. Here nothing is found by identifier. [`verify_enveloped`] is
//! asked about one element; the signature must be its direct child, its only one, and must refer to
//! that very element; and what the application gets is a [`VerifiedElement`], a copy of what was
//! digested. There is no other element for the two to differ about. An identifier that occurs twice
//! is refused by the reader besides, and `ds:Object`, the hiding place of XSW8, by the parser.
//!
//! **A signature or digest picked from the wrong place** (CVE-2024-45409: the digest of an element
//! elsewhere in the document; CVE-2025-29774: several `SignedInfo`; CVE-2025-29775: a comment
//! within `DigestValue`). Each part is taken from its one place below its parent, in the order of
//! the schema, without search; a second one, an unknown one, or anything but white space between
//! them is refused. Comments are refused there anyway.
//!
//! **Comments that cut text** (CVE-2017-11428 and its kin, 2018:
//! `admin@example.com<!---->.evil.com`). Canonical form drops comments, so they were free to add to
//! signed text, and text APIs stopped at them. The reader refuses comments, CDATA sections and
//! processing instructions, and an element's text is one string. In metadata, which people write,
//! comments between elements are dropped; one beside text is refused there, too.
//!
//! **Two parsers that disagree** (CVE-2025-25291, CVE-2025-25292, CVE-2025-66567; CVE-2020-29509).
//! There is one tokenizer and one tree. Canonical form, digest and values come from it, and nothing
//! is serialised and parsed again. Constructs that parsers disagree about are refused: document
//! types, entities, odd namespaces, malformed tags.
//!
//! **Canonicalisation that fails open** (CVE-2025-66568: an error gave the empty string, whose
//! digest anybody can state). It gives `Result`, and there is no default to fall back to.
//!
//! **Trusting the key in the message** (CVE-2021-21239, CVE-2023-48703, CVE-2024-32962). `ds:KeyInfo` is not read.
//! Keys are an argument; without keys nothing verifies.
//!
//! **Algorithm confusion** (CVE-2009-0217: an HMAC of no length; HMAC with the public key as the
//! secret). A key is an RSA key by type and can do nothing but RSA. HMAC has no name
//! here, and each algorithm must be in the [`SignaturePolicy`], SHA-1 only where it says so.
//! Algorithms with parameters are refused.
//!
//! **Transforms that drop content** (`XPath`, XSLT, `enveloped-signature` twice, base64). Exactly two
//! are permitted, `enveloped-signature` and then exclusive canonicalisation without comments.
//!
//! **Same-document references without a name** (`URI=""`, `XPointer`, external URIs, manifests). One
//! `Reference`, to `#` and the identifier of the element in question; no `Type`, no `Object`.
//!
//! **Signatures that cover less than is read** (unsigned siblings, attributes beside the assertion).
//! The type is the answer again: what was not digested is not in the [`VerifiedElement`].
//!
//! Denial of service is met before: the reader bounds size, depth, attributes and elements, and the
//! canonical form has a bound of its own.

mod seal;
mod signature;
mod verify;

pub(super) use seal::{PREFIX, Sealed, seal};
pub use verify::{SignaturePolicy, VerifiedElement, verify_enveloped};

use super::c14n::C14nError;

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The element carries no signature.
    #[error("there is no signature")]
    Missing,
    /// The signature is not of the one form that SAML prescribes; says which part is not.
    #[error("the signature is malformed at {0}")]
    Malformed(&'static str),
    /// The canonicalisation or the transforms are others than enveloped signature and exclusive
    /// canonicalisation without comments.
    #[error("the signature uses transforms that are not permitted")]
    Transforms,
    /// The signature algorithm is unknown or the policy does not permit it.
    #[error("the signature algorithm is not permitted")]
    SignatureAlgorithm,
    /// The digest algorithm is unknown or the policy does not permit it.
    #[error("the digest algorithm is not permitted")]
    DigestAlgorithm,
    /// The signature refers to something else than the element that carries it.
    #[error("the signature does not cover the element that carries it")]
    Reference,
    /// None of the keys given made this signature: another key did, or the signature was altered.
    #[error("the signature holds with none of the keys known for the sender")]
    NoKeyFits,
    /// The signature holds, and the content is not what was signed.
    #[error("the content was altered after it was signed")]
    Altered,
    /// There is no canonical form to check.
    #[error("no canonical form: {0}")]
    C14n(#[from] C14nError),
}

/// Who has to look into a [`SignatureError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The sender made no signature, or one of a form that SAML does not permit.
    Sender,
    /// Sender and receiver have not agreed: on algorithms, or on the key.
    Agreement,
    /// The message is not what its sender made: damage, or an attack.
    Message,
}

impl SignatureError {
    /// Who has to look into it.
    pub fn fault(self) -> Fault {
        match self {
            Self::Missing | Self::Malformed(_) | Self::Transforms | Self::C14n(_) => Fault::Sender,
            Self::SignatureAlgorithm | Self::DigestAlgorithm | Self::NoKeyFits => Fault::Agreement,
            Self::Reference | Self::Altered => Fault::Message,
        }
    }
}
