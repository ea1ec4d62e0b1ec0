use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use miniz_oxide::deflate::compress_to_vec;

use crate::{
    keys::{KeyError, SignatureAlgorithm, Signer},
    xml::signature_algorithm_uri,
};

use super::Carried;

/// The address that carries `document` by HTTP-Redirect (SAML bindings 3.4.4.1), signed.
///
/// The document itself is not signed: the signature is over the octets of the query, which are
/// written once and signed as they are sent. `address` may have a query of its own, which is not
/// under the signature.
///
/// # Errors
/// When the key cannot sign.
pub fn redirect_url(
    address: &str,
    carried: Carried,
    document: &str,
    relay_state: Option<&str>,
    signer: &Signer,
) -> Result<String, KeyError> {
    /// More would cost more than it saves: a message is a kilobyte.
    const LEVEL: u8 = 6;

    let deflated = compress_to_vec(document.as_bytes(), LEVEL);
    let algorithm = signature_algorithm_uri(SignatureAlgorithm::RsaSha256);
    let mut query = String::with_capacity(2048);
    push(&mut query, carried.parameter(), &STANDARD.encode(deflated));
    if let Some(relay_state) = relay_state {
        push(&mut query, "RelayState", relay_state);
    }
    push(&mut query, "SigAlg", algorithm);
    let signature = signer.sign_rsa_sha256(query.as_bytes())?;
    push(&mut query, "Signature", &STANDARD.encode(signature));
    let mark = if address.contains('?') { '&' } else { '?' };
    Ok(format!("{address}{mark}{query}"))
}

/// Percent-encoding as form encoders have it. Some verifiers decode a query and encode it again, in
/// Python for one, and find other octets than were signed where a sender encodes in another way.
fn push(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
                query.push(char::from(byte));
            }
            b' ' => query.push('+'),
            _ => {
                let _ = write!(query, "%{byte:02X}");
            }
        }
    }
}
