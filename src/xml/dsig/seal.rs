//! Making the one kind of signature that Homerealm makes.

use aws_lc_rs::digest::Digest;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    keys::{KeyError, Signer},
    xml::algorithms::DigestAlgorithm,
};

/// The prefix that signatures are written with.
pub(in crate::xml) const PREFIX: &str = "ds";

/// A signature, and what it states.
pub(in crate::xml) struct Sealed {
    /// The element `ds:Signature`.
    pub(in crate::xml) signature: String,
    /// The SHA-256 digest of the element.
    pub(in crate::xml) digest: Digest,
}

// The canonical form of SignedInfo by itself declares the prefix; inside Signature, which declares
// it, it does not. So what is hashed and what is sent differ in their first tag only.
const HASHED_HEAD: &str = "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">";
const SENT_HEAD: &str =
    "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>";
const METHODS: &str = "<ds:CanonicalizationMethod \
    Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod>\
    <ds:SignatureMethod \
    Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>\
    <ds:Reference URI=\"#";
const TRANSFORMS: &str = "\"><ds:Transforms><ds:Transform \
    Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>\
    <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
const PREFIX_LIST: &str = "<ec:InclusiveNamespaces \
    xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"";
const PREFIX_LIST_TAIL: &str = "\"></ec:InclusiveNamespaces>";
const DIGEST_METHOD: &str = "</ds:Transform></ds:Transforms><ds:DigestMethod \
    Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>";
const INFO_TAIL: &str = "</ds:DigestValue></ds:Reference></ds:SignedInfo>";
const VALUE: &str = "<ds:SignatureValue>";
const KEY_INFO: &str = "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>";
const TAIL: &str = "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>";

/// Signs `element`, which is canonical with these prefixes as `PrefixList`, and whose identifier is
/// `id`, a name.
pub(in crate::xml) fn seal(
    id: &str,
    element: &[u8],
    inclusive: &[&'static str],
    signer: &Signer,
) -> Result<Sealed, KeyError> {
    let digest = DigestAlgorithm::Sha256.digest(element);
    let mut hashed = String::with_capacity(HASHED_HEAD.len() + 1024);
    hashed.push_str(HASHED_HEAD);
    hashed.push_str(METHODS);
    hashed.push_str(id);
    hashed.push_str(TRANSFORMS);
    if !inclusive.is_empty() {
        hashed.push_str(PREFIX_LIST);
        hashed.push_str(&inclusive.join(" "));
        hashed.push_str(PREFIX_LIST_TAIL);
    }
    hashed.push_str(DIGEST_METHOD);
    STANDARD.encode_string(digest, &mut hashed);
    hashed.push_str(INFO_TAIL);

    let value = signer.sign_rsa_sha256(hashed.as_bytes())?;

    let certificate = signer.certificate().base64();
    let mut signature = String::with_capacity(2048 + certificate.len());
    signature.push_str(SENT_HEAD);
    signature.push_str(hashed.get(HASHED_HEAD.len()..).unwrap_or_default());
    signature.push_str(VALUE);
    STANDARD.encode_string(&value, &mut signature);
    signature.push_str(KEY_INFO);
    signature.push_str(certificate);
    signature.push_str(TAIL);

    Ok(Sealed { signature, digest })
}
