use std::time::Duration;

use bytes::Bytes;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;
use tracing::warn;

use super::{DescribedParty, LastGood, MetadataProblem, Peer, Source, SourceError};
use crate::saml2::EntityMetadata as _;

/// Holds somebody to its metadata: a relying party, if nothing else is said.
#[derive(Debug)]
pub struct Keeper<P: Peer = DescribedParty> {
    peer: P,
    source: Source,
    last_good: Option<LastGood>,
    current: Option<P::Metadata>,
}

/// What came of looking at a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// Other addresses or keys count than before.
    Changed,
    /// It says what it said before.
    Unchanged,
}

impl<P: Peer> Keeper<P> {
    /// A keeper of `peer`, whose metadata is there.
    pub fn new(peer: P, source: Source) -> Self {
        Self {
            peer,
            source,
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

    /// Whom it keeps.
    pub fn peer(&self) -> &P {
        &self.peer
    }

    /// Its entity ID.
    pub fn entity_id(&self) -> &str {
        self.peer.entity_id()
    }

    /// Where its metadata comes from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The metadata that counts by now.
    pub fn current(&self) -> Option<&P::Metadata> {
        self.current.as_ref()
    }

    /// Takes what was good when the process ran last, at once and without the network. Gives when
    /// that was fetched; `None` when there is none.
    ///
    /// # Errors
    /// [`MetadataProblem`] when there is something, and it is not good any more.
    pub async fn restore(
        &mut self,
        place: &P::Place,
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
        self.take(document.into(), place).await?;
        Ok(Some(fetched.into()))
    }

    /// Looks at the source, and lets what is good count.
    ///
    /// # Errors
    /// [`MetadataProblem`]: all is as it was, except that somebody whose metadata has expired
    /// meanwhile is withdrawn.
    pub async fn refresh(&mut self, place: &P::Place) -> Result<Refreshed, MetadataProblem> {
        let outcome = self.look(place).await;
        if outcome.is_err() && self.has_expired(OffsetDateTime::now_utc()) {
            self.current = None;
            self.peer.withdraw(place);
        }
        outcome
    }

    async fn look(&mut self, place: &P::Place) -> Result<Refreshed, MetadataProblem> {
        let document = self.source.origin.fetch().await?;
        let refreshed = self.take(document.clone(), place).await?;
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
        place: &P::Place,
    ) -> Result<Refreshed, MetadataProblem> {
        let entity_id = self.entity_id().to_owned();
        let trust = self.source.trust.clone();
        let now = OffsetDateTime::now_utc();
        // A document of full length takes some tens of milliseconds, which others would wait for.
        let reading = spawn_blocking(move || P::Metadata::read(&document, &entity_id, &trust, now));
        let metadata = reading.await.map_err(|_| MetadataProblem::CutOff)??;
        // Many are written anew for each that asks, with another `validUntil` and nothing else.
        if let Some(current) = self.current.as_mut()
            && current.clone().with_validity(metadata.validity()) == metadata
        {
            *current = metadata;
            return Ok(Refreshed::Unchanged);
        }
        self.peer.admit(&metadata, place)?;
        self.current = Some(metadata);
        Ok(Refreshed::Changed)
    }

    fn has_expired(&self, now: OffsetDateTime) -> bool {
        self.time_left(now) == Some(Duration::ZERO)
    }

    /// How long what counts may be relied on; `None` for good.
    pub fn time_left(&self, now: OffsetDateTime) -> Option<Duration> {
        let until = self.current.as_ref()?.validity().until?;
        Some((until - now).try_into().unwrap_or(Duration::ZERO))
    }
}
