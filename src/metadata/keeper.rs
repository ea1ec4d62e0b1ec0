use std::time::Duration;

use bytes::Bytes;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;
use tracing::warn;

use super::{LastGood, MetadataProblem, Source, SourceError, Terms};
use crate::{
    saml2::RelyingPartyMetadata,
    trust::{RelyingParty, Trusts},
};

/// Holds one relying party to its metadata.
#[derive(Debug)]
pub struct Keeper {
    configured: RelyingParty,
    source: Source,
    terms: Terms,
    last_good: Option<LastGood>,
    current: Option<RelyingPartyMetadata>,
}

/// What came of looking at a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// The trusts have a relying party with other addresses or keys than before.
    Changed,
    /// It says what it said before.
    Unchanged,
}

impl Keeper {
    /// A keeper of `configured`, which is what the configuration alone says.
    pub fn new(configured: RelyingParty, source: Source, terms: Terms) -> Self {
        Self {
            configured,
            source,
            terms,
            last_good: None,
            current: None,
        }
    }

    /// Keeps what was good in this file, and may start with what is there.
    #[must_use]
    pub fn with_last_good(mut self, file: LastGood) -> Self {
        self.last_good = Some(file);
        self
    }

    /// The relying party's entity ID.
    pub fn entity_id(&self) -> &str {
        self.configured.entity_id()
    }

    /// Where its metadata comes from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The metadata that the trusts have by now.
    pub fn current(&self) -> Option<&RelyingPartyMetadata> {
        self.current.as_ref()
    }

    /// Takes what was good when the process ran last, at once and without the network. Gives when
    /// that was fetched; `None` when there is none.
    ///
    /// # Errors
    /// [`MetadataProblem`] when there is something, and it is not good any more.
    pub async fn restore(
        &mut self,
        trusts: &Trusts,
    ) -> Result<Option<OffsetDateTime>, MetadataProblem> {
        let Some(file) = self.last_good.clone() else {
            return Ok(None);
        };
        let kept = file.read().map_err(|cause| SourceError::File {
            path: file.path().to_owned(),
            cause,
        })?;
        let Some((document, fetched)) = kept else {
            return Ok(None);
        };
        self.take(document.into(), trusts).await?;
        Ok(Some(fetched.into()))
    }

    /// Looks at the source, and lets the trusts have what is good.
    ///
    /// # Errors
    /// [`MetadataProblem`]: the trusts are as they were, except that a relying party whose metadata
    /// has expired meanwhile is withdrawn.
    pub async fn refresh(&mut self, trusts: &Trusts) -> Result<Refreshed, MetadataProblem> {
        let outcome = self.look(trusts).await;
        if outcome.is_err() && self.has_expired(OffsetDateTime::now_utc()) {
            self.current = None;
            // `false` for a relying party that the trusts never had.
            let _ = trusts.replace(self.configured.clone());
        }
        outcome
    }

    async fn look(&mut self, trusts: &Trusts) -> Result<Refreshed, MetadataProblem> {
        let document = self.source.origin.fetch().await?;
        let refreshed = self.take(document.clone(), trusts).await?;
        if let Some(file) = self.last_good.clone() {
            let path = file.path().to_owned();
            let kept = spawn_blocking(move || file.keep(&document)).await;
            if let Err(error) = kept.map_err(|_| MetadataProblem::CutOff)? {
                let path = path.display();
                warn!(%path, %error, "the metadata is good and cannot be kept for the next start");
            }
        }
        Ok(refreshed)
    }

    async fn take(
        &mut self,
        document: Bytes,
        trusts: &Trusts,
    ) -> Result<Refreshed, MetadataProblem> {
        let entity_id = self.entity_id().to_owned();
        let trust = self.source.trust.clone();
        let now = OffsetDateTime::now_utc();
        // A document of full length takes some tens of milliseconds, which others would wait for.
        let reading =
            spawn_blocking(move || RelyingPartyMetadata::read(&document, &entity_id, &trust, now));
        let metadata = reading.await.map_err(|_| MetadataProblem::CutOff)??;
        // Many are written anew for each that asks, with another `validUntil` and nothing else.
        if let Some(current) = self.current.as_mut()
            && metadata.says_the_same_as(current)
        {
            current.validity = metadata.validity;
            return Ok(Refreshed::Unchanged);
        }
        let party = self.terms.apply(&self.configured, &metadata)?;
        let _ = trusts.replace(party);
        self.current = Some(metadata);
        Ok(Refreshed::Changed)
    }

    fn has_expired(&self, now: OffsetDateTime) -> bool {
        self.time_left(now) == Some(Duration::ZERO)
    }

    /// How long what the trusts have may be relied on; `None` for good.
    pub fn time_left(&self, now: OffsetDateTime) -> Option<Duration> {
        let until = self.current.as_ref()?.validity.until?;
        Some((until - now).try_into().unwrap_or(Duration::ZERO))
    }
}
