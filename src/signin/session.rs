use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    fixed_text::FixedText,
    keys::{KeyError, random_octets},
    saml2::{Id, id_of, new_id},
    store::{Kind, Store, StoreError},
    trust::{NameIdFormat, RelyingParty, Subject},
    upstream::{Asserted, Factors},
};

use super::Participant;

/// Why no session could be begun.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No random token could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The store did not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written down.
    #[error("the session cannot be written down: {0}")]
    Encode(#[from] serde_json::Error),
}

/// The secret in the session cookie: 256 random bits. Never logged; the store knows its hash only.
#[derive(Clone)]
pub struct SessionToken(FixedText<43>);

impl SessionToken {
    fn random() -> Result<Self, KeyError> {
        let encoded = URL_SAFE_NO_PAD.encode(random_octets::<32>()?);
        Ok(Self(FixedText::of(encoded.into_bytes())))
    }

    /// Takes a cookie's value; anything of another shape is no token.
    pub fn from_cookie(value: &str) -> Option<Self> {
        let text = FixedText::parse(value)?;
        // As large as the decoder wants it to be; it says how much of that it has filled.
        let decoded = URL_SAFE_NO_PAD.decode_slice(value, &mut [0; 33]).ok()?;
        (decoded == 32).then_some(Self(text))
    }

    /// The value to set in the cookie.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the store knows it by.
    pub(super) fn key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, self.0.as_bytes()).as_ref());
        key
    }
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(..)")
    }
}

/// A person signed in with one browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who.
    #[serde(rename = "w")]
    pub subject: Subject,
    /// When the password was proven, in milliseconds since 1970.
    #[serde(rename = "t")]
    authn_instant: i64,
    /// What its names at relying parties are made from. No relying party is told this.
    #[serde(rename = "x")]
    seed: Id,
    /// The relying party that it began with, which must hear of its end; `None` where the person came
    /// by herself.
    #[serde(rename = "p", skip_serializing_if = "Option::is_none", default)]
    pub first_participant: Option<Participant>,
    /// Who says so, where it was not proven here.
    #[serde(rename = "v", skip_serializing_if = "Option::is_none", default)]
    vouched: Option<Vouched>,
}

/// What an upstream identity provider says of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Vouched {
    /// Which one.
    #[serde(rename = "b")]
    by: String,
    /// Whether by several factors.
    #[serde(rename = "m", skip_serializing_if = "is_false", default)]
    several_factors: bool,
    /// When its own session ends at the latest, in seconds since 1970, where it says so.
    #[serde(rename = "u", skip_serializing_if = "Option::is_none", default)]
    until: Option<i64>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_false(value: &bool) -> bool {
    !value
}

impl Session {
    /// A session of somebody who has just proven her password, to go on to `participant` or to a page
    /// of our own.
    pub fn new(
        subject: Subject,
        participant: Option<Participant>,
        now: OffsetDateTime,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            subject,
            authn_instant: i64::try_from(now.unix_timestamp_nanos() / 1_000_000)
                .unwrap_or(i64::MAX),
            seed: new_id()?,
            first_participant: participant,
            vouched: None,
        })
    }

    /// A session of somebody of whom an upstream says who she is.
    pub(super) fn vouched_for(
        subject: Subject,
        participant: Option<Participant>,
        asserted: &Asserted,
        now: OffsetDateTime,
    ) -> Result<Self, KeyError> {
        // Its clock may be ahead of ours; what lies ahead has not happened.
        let proven = asserted.authn_instant().min(now);
        Ok(Self {
            vouched: Some(Vouched {
                by: asserted.upstream().to_owned(),
                several_factors: asserted.factors() == Factors::Several,
                until: asserted.session_until().map(OffsetDateTime::unix_timestamp),
            }),
            ..Self::new(subject, participant, proven)?
        })
    }

    /// By how many ways it was proven.
    pub fn factors(&self) -> Factors {
        match &self.vouched {
            Some(vouched) if vouched.several_factors => Factors::Several,
            _ => Factors::One,
        }
    }

    /// How long it may last by the word of the upstream, where that says so.
    fn left(&self, now: OffsetDateTime) -> Option<Duration> {
        let until = self.vouched.as_ref()?.until?;
        let seconds = until.saturating_sub(now.unix_timestamp());
        Some(Duration::from_secs(seconds.try_into().unwrap_or(0)))
    }

    /// The upstream that says so; `None` where it was proven here.
    pub fn upstream(&self) -> Option<&str> {
        self.vouched.as_ref().map(|vouched| vouched.by.as_str())
    }

    /// What a relying party knows the session by (`SessionIndex`).
    ///
    /// Each has a name of its own, or two of them could find out that they know the same person
    /// (SAML core 2.7.2). It is made anew each time from what the session has, so that nothing needs
    /// to be kept about what was told to whom.
    pub fn index_at(&self, relying_party: &str) -> Id {
        let mut input = Context::new(&SHA256);
        // All seeds have one length.
        input.update(self.seed.as_bytes());
        input.update(relying_party.as_bytes());
        // Half of the digest names a session well enough, and does not tell how to go on from it.
        let digest = input.finish();
        let half = digest.as_ref().first_chunk().copied().unwrap_or_default();
        id_of(&half)
    }

    /// All names by which a relying party that was told by SAML knows person and session. `None` where
    /// its rules have changed meanwhile, so that she would have no name there.
    pub fn known_at(&self, relying_party: &RelyingParty) -> Option<KnownAs> {
        let session_index = self.index_at(relying_party.entity_id());
        let name = relying_party.name_id(&self.subject, &session_index).ok()?;
        Some(KnownAs {
            name_id: name.value.into_owned(),
            name_id_format: name.format,
            session_index: session_index.to_string(),
        })
    }

    /// Has relying parties know this session by the names of the one that it takes the place of.
    pub(super) fn take_the_place_of(&mut self, earlier: &Self) {
        self.seed.clone_from(&earlier.seed);
    }

    /// Whether both are one person's.
    pub(super) fn is_of_the_same_person_as(&self, other: &Self) -> bool {
        let (one, other) = (&self.subject, &other.subject);
        one.immutable_id == other.immutable_id && one.suffix == other.suffix
    }

    /// When the password was proven.
    pub fn authn_instant(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.authn_instant) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// What a relying party knows a person and her session by, as its assertion said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAs {
    /// `NameID`.
    pub name_id: String,
    /// Its format.
    pub name_id_format: NameIdFormat,
    /// `SessionIndex`.
    pub session_index: String,
}

/// The live sessions.
#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn Store>,
    lifetime: Duration,
}

impl Sessions {
    /// Sessions that end `lifetime` after the password was proven, or when an upstream wants them to.
    pub fn new(store: Arc<dyn Store>, lifetime: Duration) -> Self {
        Self { store, lifetime }
    }

    /// From the password to the end.
    pub(super) fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Begins a session under a fresh token: a token that was there before the password was proven
    /// never becomes a session (session fixation).
    pub async fn begin(&self, session: &Session) -> Result<SessionToken, SessionError> {
        let token = SessionToken::random()?;
        let value = Bytes::from(serde_json::to_vec(session)?);
        let lifetime = session.left(OffsetDateTime::now_utc());
        let lifetime = lifetime.map_or(self.lifetime, |left| left.min(self.lifetime));
        self.store
            .put(Kind::Session, &token.key(), value, lifetime)
            .await?;
        Ok(token)
    }

    /// The session behind a token. A store that fails is a session that is not there: the person
    /// is asked again.
    pub async fn find(&self, token: &SessionToken) -> Option<Session> {
        self.look(token).await.ok()?
    }

    /// The same, for those to whom it matters whether there is none or nobody knows.
    ///
    /// # Errors
    /// When the store does not know.
    pub(super) async fn look(&self, token: &SessionToken) -> Result<Option<Session>, StoreError> {
        let value = self.store.get(Kind::Session, &token.key()).await?;
        // As one text, which is quicker seen to be UTF-8 than each of its strings.
        Ok(value.and_then(|value| serde_json::from_str(str::from_utf8(&value).ok()?).ok()))
    }

    /// Ends the session behind a token.
    pub async fn end(&self, token: &SessionToken) -> Result<(), StoreError> {
        self.store.remove(Kind::Session, &token.key()).await
    }
}
