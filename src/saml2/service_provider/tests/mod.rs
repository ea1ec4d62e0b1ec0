//! Questions as they leave; answers that are taken, and all those that are not.

mod answers;
mod forged;
mod misfits;
mod questions;
mod times;

use base64::{Engine, engine::general_purpose::STANDARD};
use time::{Duration, OffsetDateTime};

use super::{
    AnswerError, ExpectedAnswer, ProvenSubject,
    test_identity_provider::{AUDIENCE, ISSUER, RECIPIENT, REQUEST, TestIdentityProvider, answer},
};
use crate::{keys::VerifyingKey, saml2::ReceivedResponse};

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap()
}

/// Asked twenty seconds ago.
fn expected() -> ExpectedAnswer<'static> {
    ExpectedAnswer {
        issuer: ISSUER,
        audience: AUDIENCE,
        recipient: RECIPIENT,
        request_id: REQUEST,
        asked_at: now() - Duration::seconds(20),
        fresh: false,
        now: now(),
        clock_skew: Duration::seconds(60),
    }
}

fn judged(
    document: &str,
    keys: &[VerifyingKey],
    expected: &ExpectedAnswer<'_>,
) -> Result<ProvenSubject, AnswerError> {
    ReceivedResponse::from_encoded(&STANDARD.encode(document))?.authenticate_answer(keys, expected)
}
