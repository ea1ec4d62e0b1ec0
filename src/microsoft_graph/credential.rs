use std::{fmt, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::{
    keys::{KeyError, Signer},
    observe::CorrelationId,
};

/// How a program proves to Graph who it is.
pub enum Credential {
    /// By a token that somebody else fetched.
    Token(Zeroizing<String>),
    /// As an application of a tenant, by a certificate that is registered there.
    Certificate {
        /// The tenant, by its id or one of its domains.
        tenant: String,
        /// The application.
        client_id: String,
        /// The key of the certificate.
        signer: Arc<Signer>,
    },
}

/// How long a client assertion counts.
const LIFETIME: Duration = Duration::minutes(5);

/// The client assertion (RFC 7523 3) as Entra wants it: PS256, the certificate named by its SHA-256
/// thumbprint, the token endpoint as the audience.
pub(super) fn client_assertion(
    client_id: &str,
    token_endpoint: &str,
    signer: &Signer,
    now: OffsetDateTime,
) -> Result<String, KeyError> {
    let thumbprint = BASE64.encode(digest(&SHA256, signer.certificate().der()));
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
    let claims = json!({
        "aud": token_endpoint,
        "iss": client_id,
        "sub": client_id,
        "jti": CorrelationId::random(),
        "nbf": now.unix_timestamp(),
        "iat": now.unix_timestamp(),
        "exp": (now + LIFETIME).unix_timestamp(),
    });
    let message = format!(
        "{}.{}",
        BASE64.encode(header.to_string()),
        BASE64.encode(claims.to_string())
    );
    let signature = signer.sign_rsa_pss_sha256(message.as_bytes())?;
    Ok(format!("{message}.{}", BASE64.encode(signature)))
}

impl fmt::Debug for Credential {
    /// Nothing that is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_) => f.write_str("Token"),
            Self::Certificate {
                tenant, client_id, ..
            } => f
                .debug_struct("Certificate")
                .field("tenant", tenant)
                .field("client_id", client_id)
                .finish_non_exhaustive(),
        }
    }
}
