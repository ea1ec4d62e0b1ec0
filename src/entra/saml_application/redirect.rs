//! Messages on their way by an address (SAML bindings 3.4.4.1), signed.

use base64::{Engine, engine::general_purpose::STANDARD};
use form_urlencoded::Serializer;
use miniz_oxide::deflate::compress_to_vec;

use crate::{
    keys::{KeyError, SignatureAlgorithm, Signer},
    xml::signature_algorithm_uri,
};

/// The address that carries `document` as the parameter `name`.
pub(super) fn address(
    url: &str,
    name: &str,
    document: &str,
    relay_state: Option<&str>,
    signer: &Signer,
) -> Result<String, KeyError> {
    let deflated = STANDARD.encode(compress_to_vec(document.as_bytes(), 6));
    let mut query = Serializer::new(String::new());
    query.append_pair(name, &deflated);
    if let Some(relay_state) = relay_state {
        query.append_pair("RelayState", relay_state);
    }
    let algorithm = signature_algorithm_uri(SignatureAlgorithm::RsaSha256);
    query.append_pair("SigAlg", algorithm);
    let query = query.finish();
    let signature = STANDARD.encode(signer.sign_rsa_sha256(query.as_bytes())?);
    let signature = Serializer::new(query)
        .append_pair("Signature", &signature)
        .finish();
    let separator = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{separator}{signature}"))
}
