use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{http::Form, trust::RequestKeys, xml::signature_algorithm};

use super::{BindingError, Carried, RequestError, received::policy};

/// The detached signature of an HTTP-Redirect query (SAML bindings 3.4.4.1).
///
/// What is signed are the octets of the query as the sender wrote them, in the order `SAMLRequest`
/// (or `SAMLResponse`), `RelayState`, `SigAlg`. They are cut from the raw query: decoding and encoding again would make
/// other octets (lower-case hex, `%20` for `+`) and refuse good signatures, or accept bad ones.
#[derive(Debug)]
pub(super) struct RedirectSignature {
    signed: String,
    algorithm: String,
    signature: Vec<u8>,
}

impl RedirectSignature {
    /// `None` for an unsigned query.
    pub(super) fn from_query(
        query: &str,
        form: &Form,
        carried: Carried,
    ) -> Result<Option<Self>, BindingError> {
        let (algorithm, signature) = match (form.single("SigAlg")?, form.single("Signature")?) {
            (None, None) => return Ok(None),
            (Some(algorithm), Some(signature)) => (algorithm, signature),
            _ => return Err(BindingError::Signature),
        };
        let compact: String = signature.split_ascii_whitespace().collect();
        let signature = STANDARD
            .decode(compact)
            .map_err(|_| BindingError::Signature)?;

        let mut signed = String::with_capacity(query.len());
        for name in [carried.parameter(), "RelayState", "SigAlg"] {
            let field = raw(query, name)?;
            // What is used must be what was signed: a name in percent-encoding would be decoded
            // above and not be seen here, and so stand beside the signature instead of under it.
            if field.is_some() != form.single(name)?.is_some() {
                return Err(BindingError::Signature);
            }
            if let Some(field) = field {
                if !signed.is_empty() {
                    signed.push('&');
                }
                signed.push_str(field);
            }
        }
        Ok(Some(Self {
            signed,
            algorithm: algorithm.to_owned(),
            signature,
        }))
    }

    pub(super) fn verify(&self, keys: &RequestKeys) -> Result<(), RequestError> {
        let algorithm = signature_algorithm(&self.algorithm)
            .filter(|algorithm| policy(keys).permits(*algorithm))
            .ok_or(RequestError::RedirectAlgorithm)?;
        keys.keys()
            .iter()
            .any(|key| {
                key.verify(algorithm, self.signed.as_bytes(), &self.signature)
                    .is_ok()
            })
            .then_some(())
            .ok_or(RequestError::RedirectSignature)
    }
}

/// The field `name=...` as it stands in the query, its name in plain letters.
fn raw<'a>(query: &'a str, name: &str) -> Result<Option<&'a str>, BindingError> {
    let mut fields = query
        .split('&')
        .filter(|field| field.split_once('=').is_some_and(|(key, _)| key == name));
    let field = fields.next();
    if fields.next().is_some() {
        return Err(BindingError::Signature);
    }
    Ok(field)
}
