use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use time::{Duration, OffsetDateTime};

use super::{JsonError, Jws, JwsError, KeySet, Object, jws::shown};

/// An ID token that passed every check (OpenID Connect Core 3.1.3.7): who somebody is, in the word of
/// the issuer that was asked, for us, now, and in answer to our question.
#[derive(Debug)]
pub struct IdToken {
    claims: Object,
    subject: String,
    issued_at: OffsetDateTime,
    authenticated_at: Option<OffsetDateTime>,
}

/// What an ID token must fit.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// Whose it is.
    pub issuer: &'a str,
    /// For whom.
    pub client_id: &'a str,
    /// The question that it answers.
    pub nonce: &'a str,
    /// When that was asked.
    pub asked_at: OffsetDateTime,
    /// Whether she must have proven it after the question.
    pub fresh: bool,
    /// The access token that came along.
    pub access_token: Option<&'a str>,
    /// Now.
    pub now: OffsetDateTime,
    /// How far the clocks may be apart.
    pub skew: Duration,
}

/// Why an ID token is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdTokenError {
    /// Not signed by the issuer, or not readable.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// A claim is missing or not of its type.
    #[error("a claim of the ID token: {0}")]
    Claim(#[from] JsonError),
    /// Another issuer's.
    #[error("the ID token is that of the issuer {0:?}")]
    Issuer(String),
    /// Not for us, or not for us alone.
    #[error("the ID token is not for this client alone")]
    Audience,
    /// It answers another question, or none.
    #[error("the ID token answers another question: its nonce is missing or another")]
    Nonce,
    /// Its time is over.
    #[error("the ID token has expired")]
    Expired,
    /// From the future.
    #[error("the ID token is from the future")]
    FromTheFuture,
    /// Older than the question.
    #[error("the ID token is older than the question")]
    TooOld,
    /// The access token beside it is another one.
    #[error("the access token does not belong to the ID token")]
    AccessToken,
    /// Nobody is named.
    #[error("the ID token's subject is empty or too long")]
    Subject,
    /// A fresh proof is asked for, and it is not said when this one was given.
    #[error("the ID token does not say when she proved it, and a new proof was asked for")]
    NoAuthenticationTime,
    /// A fresh proof is asked for, and this one is older than the question.
    #[error("the proof is older than the question, and a new one was asked for")]
    NotFresh,
}

/// The longest subject (Core 2).
const LONGEST_SUBJECT: usize = 255;

impl IdToken {
    /// Checks a token.
    ///
    /// # Errors
    /// [`IdTokenError`], at the first check that fails.
    pub fn verify(token: &str, keys: &KeySet, demand: &Demand<'_>) -> Result<Self, IdTokenError> {
        let claims = Jws::parse(token)?.verify(keys)?;
        let issuer = claims.required_text("iss")?;
        if issuer != demand.issuer {
            return Err(IdTokenError::Issuer(shown(issuer)));
        }
        is_for(demand.client_id, &claims)?;
        if claims.text("nonce")? != Some(demand.nonce) {
            return Err(IdTokenError::Nonce);
        }
        let issued_at = in_time(&claims, demand)?;
        if let Some(hash) = claims.text("at_hash")?
            && let Some(access_token) = demand.access_token
            && hash != half_digest(access_token)
        {
            return Err(IdTokenError::AccessToken);
        }
        let authenticated_at = fresh_enough(&claims, demand)?;
        let subject = claims.required_text("sub")?;
        if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
            return Err(IdTokenError::Subject);
        }
        Ok(Self {
            subject: subject.to_owned(),
            issued_at,
            authenticated_at,
            claims,
        })
    }

    /// Whom the issuer knows her as.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What else it says.
    pub fn claims(&self) -> &Object {
        &self.claims
    }

    /// When she proved it, if the issuer says so; else when it said that she has.
    pub fn authn_instant(&self) -> OffsetDateTime {
        self.authenticated_at.unwrap_or(self.issued_at)
    }
}

/// Ours alone: of other audiences nothing is known, so none is trusted (Core 3.1.3.7, 3 to 5).
fn is_for(client_id: &str, claims: &Object) -> Result<(), IdTokenError> {
    let alone = match claims.text("aud") {
        Ok(Some(audience)) => audience == client_id,
        Ok(None) => return Err(JsonError::Missing("aud").into()),
        Err(_) => claims.texts("aud")?.is_some_and(|all| all == [client_id]),
    };
    let authorized = claims.text("azp")?.is_none_or(|party| party == client_id);
    if alone && authorized {
        Ok(())
    } else {
        Err(IdTokenError::Audience)
    }
}

fn in_time(claims: &Object, demand: &Demand<'_>) -> Result<OffsetDateTime, IdTokenError> {
    let required = |name| instant(claims, name)?.ok_or(JsonError::Missing(name));
    let (issued_at, expires) = (required("iat")?, required("exp")?);
    // What comes from outside may be the end of time: nothing is added to it.
    if expires <= demand.now - demand.skew {
        return Err(IdTokenError::Expired);
    }
    let not_before = instant(claims, "nbf")?.unwrap_or(issued_at);
    if issued_at.max(not_before) > demand.now + demand.skew {
        return Err(IdTokenError::FromTheFuture);
    }
    if issued_at < demand.asked_at - demand.skew {
        return Err(IdTokenError::TooOld);
    }
    Ok(issued_at)
}

fn fresh_enough(
    claims: &Object,
    demand: &Demand<'_>,
) -> Result<Option<OffsetDateTime>, IdTokenError> {
    let authenticated_at = instant(claims, "auth_time")?;
    if authenticated_at.is_some_and(|at| at > demand.now + demand.skew) {
        return Err(IdTokenError::FromTheFuture);
    }
    match authenticated_at {
        None if demand.fresh => Err(IdTokenError::NoAuthenticationTime),
        Some(at) if demand.fresh && at < demand.asked_at - demand.skew => {
            Err(IdTokenError::NotFresh)
        }
        _ => Ok(authenticated_at),
    }
}

fn instant(claims: &Object, name: &'static str) -> Result<Option<OffsetDateTime>, JsonError> {
    let seconds = claims.instant(name)?;
    let instant = seconds.map(OffsetDateTime::from_unix_timestamp).transpose();
    instant.map_err(|_| JsonError::Type(name))
}

/// The left half of the digest, by the hash of the token's algorithm, which is SHA-256 for each that
/// is taken (Core 3.1.3.6).
fn half_digest(token: &str) -> String {
    let digest = digest(&SHA256, token.as_bytes());
    let half = digest.as_ref().get(..16).unwrap_or_default();
    BASE64.encode(half)
}
