use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::store::{Kind, Store, StoreError};

use super::SignInRequest;

/// Names a browser by the random value of its form cookie; says nothing about the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserId(pub String);

/// Which requests have been answered: each is answered once.
///
/// A double click on the button sends the form twice, and the browser shows the second answer
/// only. So the browser that got the first answer may have another for [`AGAIN`]; anybody else,
/// and anybody later, may not.
#[derive(Clone)]
pub struct Answered {
    store: Arc<dyn Store>,
    kept: Duration,
}

const AGAIN: time::Duration = time::Duration::seconds(30);

#[derive(Serialize, Deserialize)]
struct Answer {
    browser: BrowserId,
    at: i64,
}

impl Answered {
    /// Remembers in `store`, for `kept`: longer than a request, and the page that it led to, can
    /// be brought again.
    pub fn new(store: Arc<dyn Store>, kept: Duration) -> Self {
        Self { store, kept }
    }

    /// Whether `request` may be answered to `browser` now. Asking counts as answering.
    ///
    /// # Errors
    /// When the store cannot mark it: then it must not be answered.
    pub async fn may_answer(
        &self,
        request: &SignInRequest,
        browser: &BrowserId,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let answer = Answer {
            browser: browser.clone(),
            at: now.unix_timestamp(),
        };
        // Two strings and a number cannot fail to serialise; if they did, nobody would match.
        let value = serde_json::to_vec(&answer).unwrap_or_default();
        let earlier = self
            .store
            .put_if_absent(
                Kind::AnsweredRequest,
                &key(request),
                Bytes::from(value),
                self.kept,
            )
            .await?;
        let Some(earlier) = earlier else {
            return Ok(true);
        };
        Ok(
            serde_json::from_slice::<Answer>(&earlier).is_ok_and(|earlier| {
                earlier.browser == *browser
                    && now.unix_timestamp() - earlier.at < AGAIN.whole_seconds()
            }),
        )
    }
}

/// The request by relying party and ID. A digest: the ID is a stranger's text, and must cost the
/// same memory whatever its length.
fn key(request: &SignInRequest) -> [u8; 32] {
    let mut digest = Context::new(&SHA256);
    // The length keeps the two apart, whatever they consist of.
    digest.update(&request.relying_party.len().to_be_bytes());
    digest.update(request.relying_party.as_bytes());
    digest.update(request.request_id.as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(digest.finish().as_ref());
    key
}
