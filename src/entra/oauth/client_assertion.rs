//! What an application signs about itself in place of a secret: a JSON Web Token (RFC 7523 2.2).

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, IgnoredAny},
};
use time::{Duration, OffsetDateTime};

use super::signing::rsa_numbers;
use crate::keys::{Certificate, JsonWebAlgorithm, JsonWebKey};

/// The only `client_assertion_type`.
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// One that can be read; nothing of it is believed yet.
pub(super) struct ClientAssertion {
    pub(super) claims: Claims,
    algorithm: JsonWebAlgorithm,
    /// Of the certificate.
    thumbprints: Vec<(&'static Algorithm, String)>,
    message: String,
    signature: Vec<u8>,
}

/// What it says.
#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: String,
    #[serde(deserialize_with = "numeric_date")]
    pub(super) exp: OffsetDateTime,
    #[serde(default, deserialize_with = "maybe_numeric_date")]
    pub(super) nbf: Option<OffsetDateTime>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// By SHA-1: a name, no more.
    x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    x5t_s256: Option<String>,
    /// What has to be understood, and is not.
    crit: Option<IgnoredAny>,
}

const MAX_LENGTH: usize = 16 * 1024;

impl ClientAssertion {
    /// Reads the three parts of one.
    ///
    /// # Errors
    /// What is not as it must be.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_LENGTH {
            return Err("The client_assertion is too long.");
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err("The client_assertion does not have three parts.");
        };
        let message = format!("{header}.{claims}");
        let header: Header = json(header).ok_or("Its header has no alg, or is no JSON.")?;
        let claims = json(claims).ok_or("It lacks one of iss, sub, aud and exp, or is no JSON.")?;
        let algorithm = JsonWebAlgorithm::named(&header.alg)
            .filter(|it| matches!(it, JsonWebAlgorithm::Rs256 | JsonWebAlgorithm::Ps256))
            .ok_or("Its alg is not RS256 or PS256.")?;
        if header.crit.is_some() {
            return Err("Its header has crit, of which nothing is understood.");
        }
        let thumbprints: Vec<_> = [
            (&SHA1_FOR_LEGACY_USE_ONLY, header.x5t),
            (&SHA256, header.x5t_s256),
        ]
        .into_iter()
        .filter_map(|(algorithm, named)| Some((algorithm, unpadded(&named?))))
        .collect();
        if thumbprints.is_empty() {
            return Err("Its header has no x5t and no x5t#S256.");
        }
        Ok(Self {
            claims,
            algorithm,
            thumbprints,
            message,
            signature: BASE64
                .decode(signature)
                .map_err(|_| "Its signature is not base64url.")?,
        })
    }

    /// Whether its header names this certificate, by each name that it has there.
    pub(super) fn names(&self, certificate: &Certificate) -> bool {
        self.thumbprints.iter().all(|(algorithm, thumbprint)| {
            BASE64.encode(digest(algorithm, certificate.der())) == *thumbprint
        })
    }

    /// Whether the certificate's key verifies it.
    pub(super) fn is_signed_by(&self, certificate: &Certificate) -> bool {
        let key = rsa_numbers(certificate).and_then(|(n, e)| JsonWebKey::rsa(&n, &e));
        let message = self.message.as_bytes();
        key.is_ok_and(|key| key.verify(self.algorithm, message, &self.signature).is_ok())
    }
}

/// Seconds of Unix time, with a fraction perhaps (RFC 7519 2): MSAL for Python has one.
fn numeric_date<'de, D: Deserializer<'de>>(source: D) -> Result<OffsetDateTime, D::Error> {
    let since = Duration::checked_seconds_f64(f64::deserialize(source)?);
    since
        .and_then(|since| OffsetDateTime::UNIX_EPOCH.checked_add(since))
        .ok_or_else(|| D::Error::custom("no moment"))
}

fn maybe_numeric_date<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    numeric_date(source).map(Some)
}

fn json<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64.decode(part).ok()?).ok()
}

/// MSAL for Python pads its thumbprints.
fn unpadded(text: &str) -> String {
    text.trim_end_matches('=').to_owned()
}
