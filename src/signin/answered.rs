use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    fixed_text::FixedText,
    store::{Kind, Store, StoreError},
};

use super::SignInRequest;

/// Names a browser by the random value of its form cookie; says nothing about the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserId(pub FixedText<22>);

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

/// Which browser had an answer, and when: eight octets with the seconds since 1970, and its name.
struct Answer(Bytes);

impl Answer {
    fn new(browser: &BrowserId, at: OffsetDateTime) -> Self {
        let mut octets = BytesMut::with_capacity(size_of::<i64>() + browser.0.len());
        octets.put_i64(at.unix_timestamp());
        octets.put_slice(browser.0.as_bytes());
        Self(octets.freeze())
    }

    /// Whether this browser may have another answer now.
    fn is_to(&self, browser: &BrowserId, now: OffsetDateTime) -> bool {
        self.0.split_first_chunk().is_some_and(|(at, name)| {
            let age = now.unix_timestamp().saturating_sub(i64::from_be_bytes(*at));
            name == browser.0.as_bytes() && age < AGAIN.whole_seconds()
        })
    }
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
        let Answer(value) = Answer::new(browser, now);
        let earlier = self
            .store
            .put_if_absent(Kind::AnsweredRequest, &key(request), value, self.kept)
            .await?;
        Ok(earlier.is_none_or(|earlier| Answer(earlier).is_to(browser, now)))
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
