//! Algorithm identifiers: the URIs of XML Signature, and what they mean here.
//!
//! The scheme is `http` in each. Documentation that prints `https` has been rewritten by a tool.

use aws_lc_rs::digest;

use crate::keys::SignatureAlgorithm;

/// The namespace of XML Signature.
pub(super) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Exclusive canonical XML without comments; also the namespace of `InclusiveNamespaces`.
pub(super) const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The enveloped signature transform.
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const RSA_SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384";
const RSA_SHA512: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";

const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";
const SHA512: &str = "http://www.w3.org/2001/04/xmlenc#sha512";

/// The algorithm that `uri` names, as `ds:SignatureMethod` and the `SigAlg` of SAML's redirect
/// binding do. HMAC and whatever is unknown give `None`.
pub fn signature_algorithm(uri: &str) -> Option<SignatureAlgorithm> {
    match uri {
        RSA_SHA1 => Some(SignatureAlgorithm::RsaSha1),
        RSA_SHA256 => Some(SignatureAlgorithm::RsaSha256),
        RSA_SHA384 => Some(SignatureAlgorithm::RsaSha384),
        RSA_SHA512 => Some(SignatureAlgorithm::RsaSha512),
        _ => None,
    }
}

/// The URI that names `algorithm`.
pub fn signature_algorithm_uri(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::RsaSha1 => RSA_SHA1,
        SignatureAlgorithm::RsaSha256 => RSA_SHA256,
        SignatureAlgorithm::RsaSha384 => RSA_SHA384,
        SignatureAlgorithm::RsaSha512 => RSA_SHA512,
    }
}

/// What a reference is digested with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestAlgorithm {
    /// SHA-1: only for requests of a trust that permits it.
    Sha1,
    /// SHA-256: what Homerealm itself uses.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    pub(super) fn from_uri(uri: &str) -> Option<Self> {
        match uri {
            SHA1 => Some(Self::Sha1),
            SHA256 => Some(Self::Sha256),
            SHA384 => Some(Self::Sha384),
            SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(super) fn digest(self, bytes: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes)
    }
}
