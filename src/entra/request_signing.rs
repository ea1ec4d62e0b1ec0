//! Signed requests by SAML 2.0: what `isSignedAuthenticationRequestRequired` asks Entra for (facts 1.3).
//!
//! As in Microsoft's sample the signature stands behind the Issuer, and names its key by the subject key
//! identifier and by a name, without the certificate: who checks it has the certificate from the
//! metadata. The sample signs by rsa-sha1, which the library here does not do any more; this one signs
//! by rsa-sha256.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::query::percent_encode;
use crate::{
    keys::{Certificate, KeyError, Signer, create_signing_key},
    xml::{self, C14nError, InclusivePrefixes, Limits, ReadError},
};

const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const END_OF_ISSUER: &str = "</Issuer>";

/// Why a request could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum RequestSigningError {
    /// There is no key, or it does not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The request is no XML.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It has no canonical form.
    #[error(transparent)]
    Canonical(#[from] C14nError),
    /// It has no Issuer for the signature to stand behind.
    #[error("the request has no Issuer")]
    NoIssuer,
}

/// The key that requests are signed with, another one in each run.
#[derive(Debug)]
pub struct RequestSigner {
    signer: Signer,
}

impl RequestSigner {
    const DAYS: u32 = 30;

    /// A new key.
    ///
    /// # Errors
    /// When none can be made.
    pub fn new() -> Result<Self, KeyError> {
        let signer = create_signing_key("Entra simulator requests", Self::DAYS)?.signer;
        Ok(Self { signer })
    }

    /// What an identity provider checks requests with.
    pub fn certificate(&self) -> &Certificate {
        self.signer.certificate()
    }

    pub(super) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The request with a signature over itself, for HTTP-POST. `id` is its ID.
    pub(super) fn envelop(&self, request: &str, id: &str) -> Result<String, RequestSigningError> {
        let place = request
            .find(END_OF_ISSUER)
            .ok_or(RequestSigningError::NoIssuer)?;
        let read = xml::read(request.as_bytes(), &Limits::default())?;
        let form = xml::exclusive_c14n(&read, &InclusivePrefixes::default())?;
        let digest = STANDARD.encode(digest(&SHA256, form.as_bytes()));
        // In canonical form as it stands, so that what is signed is what is sent.
        let signed_info = format!(
            "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
             <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">\
             </ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"></ds:SignatureMethod>\
             <ds:Reference URI=\"#{id}\"><ds:Transforms>\
             <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\">\
             </ds:Transform>\
             <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>\
             </ds:Transforms>\
             <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\">\
             </ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>\
             </ds:SignedInfo>"
        );
        let value = self.signer.sign_rsa_sha256(signed_info.as_bytes())?;
        let key_id = self.certificate().subject_key_id().unwrap_or_default();
        let signature = format!(
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{signed_info}\
             <ds:SignatureValue>{value}</ds:SignatureValue>\
             <ds:KeyInfo><ds:X509Data><ds:X509SKI>{key_id}</ds:X509SKI></ds:X509Data>\
             <ds:KeyName>MicrosoftOnline</ds:KeyName></ds:KeyInfo></ds:Signature>",
            value = STANDARD.encode(value),
            key_id = STANDARD.encode(key_id),
        );
        let mut signed = request.to_owned();
        signed.insert_str(place + END_OF_ISSUER.len(), &signature);
        Ok(signed)
    }

    /// The query of a request by HTTP-Redirect with the signature behind it, which is over the octets as
    /// they are sent (SAML bindings 3.4.4.1).
    pub(super) fn append(&self, query: &str) -> Result<String, KeyError> {
        let signed = format!("{query}&SigAlg={}", percent_encode(RSA_SHA256));
        let value = self.signer.sign_rsa_sha256(signed.as_bytes())?;
        let value = percent_encode(&STANDARD.encode(value));
        Ok(format!("{signed}&Signature={value}"))
    }
}
