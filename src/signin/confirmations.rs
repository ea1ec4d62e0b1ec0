use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    observe::CorrelationId,
    store::{Kind, Store, StoreError},
};

/// How long an answer is waited for: as long as the page may stand open that waits for it.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// What relying parties have answered that were told of a session's end.
///
/// Each is asked under a random name of its own, which its answer must bring back. Answers come in by
/// the browser, in any order and at the same time, so each has an entry of its own.
#[derive(Clone)]
pub struct Confirmations {
    store: Arc<dyn Store>,
}

/// How far a relying party is with its end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmation {
    /// Nothing has come from it.
    #[serde(rename = "w")]
    Awaited,
    /// It says that the session has ended there.
    #[serde(rename = "y")]
    Ended,
    /// It says that it has not.
    #[serde(rename = "n")]
    NotEnded,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(rename = "c")]
    correlation: CorrelationId,
    #[serde(rename = "a")]
    answer: Confirmation,
}

impl Confirmations {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Waits for the answer of a relying party that is asked under this name.
    ///
    /// # Errors
    /// When the store fails: its answer would come from nowhere.
    pub async fn expect(
        &self,
        name: &str,
        relying_party: &str,
        correlation: &CorrelationId,
    ) -> Result<(), StoreError> {
        let entry = Entry {
            correlation: correlation.clone(),
            answer: Confirmation::Awaited,
        };
        self.put(&key(name, relying_party), &entry).await
    }

    /// Takes an answer, and returns the sign-out that it belongs to; `None` where nobody asked. The
    /// last one counts: whoever failed may try again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn answer(
        &self,
        name: &str,
        relying_party: &str,
        answer: Confirmation,
    ) -> Result<Option<CorrelationId>, StoreError> {
        let key = key(name, relying_party);
        let Some(entry) = self.get(&key).await? else {
            return Ok(None);
        };
        let answered = Entry { answer, ..entry };
        self.put(&key, &answered).await?;
        Ok(Some(answered.correlation))
    }

    /// What was answered. A store that fails or has forgotten is an answer that did not come.
    pub async fn of(&self, name: &str, relying_party: &str) -> Confirmation {
        let entry = self.get(&key(name, relying_party)).await.ok().flatten();
        entry.map_or(Confirmation::Awaited, |entry| entry.answer)
    }

    async fn put(&self, key: &[u8], entry: &Entry) -> Result<(), StoreError> {
        // A string and a letter cannot fail to serialise; if they did, nothing would be awaited.
        let value = serde_json::to_vec(entry).unwrap_or_default();
        self.store
            .put(Kind::Confirmation, key, Bytes::from(value), KEPT)
            .await
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        let value = self.store.get(Kind::Confirmation, key).await?;
        Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
    }
}

/// A digest, since both texts come from outside, where they may have any length.
fn key(name: &str, relying_party: &str) -> [u8; 32] {
    let mut digest = Context::new(&SHA256);
    // The length keeps the two apart, whatever they consist of.
    digest.update(&name.len().to_be_bytes());
    digest.update(name.as_bytes());
    digest.update(relying_party.as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(digest.finish().as_ref());
    key
}
