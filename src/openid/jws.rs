use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use crate::keys::{JsonWebAlgorithm, KeyError, Signer};

use super::{JsonError, KeyChoiceError, KeySet, Object};

/// The longest token that is read, in octets.
const LARGEST: usize = 64 * 1024;

/// A JSON Web Signature in its compact form (RFC 7515 7.1), taken apart and not checked yet: nothing
/// of what it says can be had before [`Jws::verify`].
pub struct Jws<'t> {
    algorithm: JsonWebAlgorithm,
    key_id: Option<String>,
    signing_input: &'t str,
    payload: &'t str,
    signature: Vec<u8>,
}

/// Why a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// Not three parts in base64url, or too long.
    #[error("it is no signed token in compact form")]
    Form,
    /// Header or payload is not what it must be.
    #[error("the token cannot be read: {0}")]
    Json(#[from] JsonError),
    /// Signed by an algorithm that is not taken, or not at all.
    #[error("the token is signed by {0:?}; taken are RS256, PS256 and ES256")]
    Algorithm(String),
    /// The header says that an extension must be understood which is not (RFC 7515 4.1.11).
    #[error("the token demands an extension that is not known here")]
    Critical,
    /// It says that it is another kind of token than one that says who somebody is.
    #[error("the token is of the type {0:?}")]
    Type(String),
    /// None of the issuer's keys is the signature's.
    #[error(transparent)]
    Key(#[from] KeyChoiceError),
    /// The signature does not hold.
    #[error("the token's signature does not hold")]
    Signature,
}

impl<'t> Jws<'t> {
    /// Takes a token apart.
    ///
    /// A key, or the address of one, in the header is not looked at (`jwk`, `jku`, `x5c`, `x5u`):
    /// whoever makes up a token would bring the key along.
    ///
    /// # Errors
    /// [`JwsError`].
    pub fn parse(token: &'t str) -> Result<Self, JwsError> {
        if token.len() > LARGEST {
            return Err(JwsError::Form);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(JwsError::Form)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Form)?;
        if payload.contains('.') {
            return Err(JwsError::Form);
        }
        let header = Object::read(&decode(header)?)?;
        let algorithm = header.required_text("alg")?;
        let algorithm = JsonWebAlgorithm::named(algorithm)
            .ok_or_else(|| JwsError::Algorithm(shown(algorithm)))?;
        if header.get("crit").is_some() {
            return Err(JwsError::Critical);
        }
        // An access token of the same issuer is no proof to us (RFC 8725 3.11).
        if let Some(kind) = header.text("typ")?
            && !kind.eq_ignore_ascii_case("JWT")
        {
            return Err(JwsError::Type(shown(kind)));
        }
        Ok(Self {
            algorithm,
            key_id: header.text("kid")?.map(str::to_owned),
            signing_input,
            payload,
            signature: decode(signature)?,
        })
    }

    /// Checks the signature with the issuer's keys, and only then reads what it covers.
    ///
    /// # Errors
    /// [`JwsError`].
    pub fn verify(&self, keys: &KeySet) -> Result<Object, JwsError> {
        let key = keys.choose(self.key_id.as_deref(), self.algorithm)?;
        let message = self.signing_input.as_bytes();
        key.verify(self.algorithm, message, &self.signature)
            .map_err(|_| JwsError::Signature)?;
        Ok(Object::read(&decode(self.payload)?)?)
    }
}

/// Signs a header and claims of our own by RS256.
///
/// # Errors
/// [`KeyError`], when the key refuses.
pub(super) fn sign(
    header: &serde_json::Value,
    claims: &serde_json::Value,
    signer: &Signer,
) -> Result<String, KeyError> {
    let encoded = |value: &serde_json::Value| BASE64.encode(value.to_string());
    let signing_input = format!("{}.{}", encoded(header), encoded(claims));
    let signature = signer.sign_rsa_sha256(signing_input.as_bytes())?;
    Ok(format!("{signing_input}.{}", BASE64.encode(signature)))
}

/// Strictly: no padding, no stray bits, no white space.
fn decode(part: &str) -> Result<Vec<u8>, JwsError> {
    BASE64.decode(part).map_err(|_| JwsError::Form)
}

/// What somebody else wrote, fit for a line of a log.
pub(super) fn shown(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_graphic() || *c == ' ';
    text.chars().filter(plain).take(64).collect()
}
