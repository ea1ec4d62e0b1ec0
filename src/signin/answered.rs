use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::store::{Kind, Store};

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
}

const AGAIN: time::Duration = time::Duration::seconds(30);

/// Longer than a request and the page that it led to can live.
const KEPT: Duration = Duration::from_secs(2 * 60 * 60);

#[derive(Serialize, Deserialize)]
struct Answer {
    browser: BrowserId,
    at: i64,
}

impl Answered {
    /// Remembers in `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Whether `request` may be answered to `browser` now. Asking counts as answering.
    pub async fn may_answer(
        &self,
        request: &SignInRequest,
        browser: &BrowserId,
        now: OffsetDateTime,
    ) -> bool {
        let answer = Answer {
            browser: browser.clone(),
            at: now.unix_timestamp(),
        };
        let Ok(value) = serde_json::to_vec(&answer) else {
            return false;
        };
        // Entity IDs are URIs: no space in them.
        let key = format!("{} {}", request.relying_party, request.request_id);
        let earlier = self
            .store
            .put_if_absent(
                Kind::AnsweredRequest,
                key.as_bytes(),
                Bytes::from(value),
                KEPT,
            )
            .await;
        let earlier = match earlier {
            Ok(None) => return true,
            Ok(Some(earlier)) => earlier,
            // What cannot be marked as answered is not answered.
            Err(_) => return false,
        };
        serde_json::from_slice::<Answer>(&earlier).is_ok_and(|earlier| {
            earlier.browser == *browser && now.unix_timestamp() - earlier.at < AGAIN.whole_seconds()
        })
    }
}
