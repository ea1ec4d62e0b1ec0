//! Sign-ins without a browser: a program brings a name and a password in one message (WS-Trust).
//!
//! Everything that keeps guessers out of the page keeps them out of here, since it is the same
//! code: the same mapping, guard, decoy, steps of time and audit. What is different:
//!
//! * There is no page between the request and the password, so no session begins and none answers.
//! * **A message may come twice.** MSAL for .NET sends it again, octet for octet, when it gets no
//!   answer or one that it takes for a passing fault. The person typed her password once, and a
//!   wrong one must not be counted twice in the directory. So what a message was answered is kept
//!   for [`KEPT`], and said again without asking the directory.
//! * A message that was answered with a grant is answered with none later on: its sender got the
//!   token, and whoever brings it then is somebody else.
//!
//! What is kept stands under a keyed digest ([`MessageKey`]) of all that the message says, the
//! password among it. So the same message is found again, and one with another password is
//! another message that is tried and counted: nobody can compare guesses with what is kept. The key
//! is the process's own, or that of all nodes that share a store, and never leaves them; without it, the
//! digest says nothing about the password. Where it is the process's own, this node takes the message
//! for a new one after a restart.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::{hmac, rand::SystemRandom};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use crate::{
    fixed_text::FixedText,
    keys::{KeyError, Purpose, SharedSecret},
    observe::{CorrelationId, audit},
    realm::SignInName,
    store::{Kind, Store, StoreError},
    trust::Protocol,
};

use super::{
    BrowserId, Grant, Participant, Problem, Proof, Refusal, Session, SignIn, SignInRequest, Typed,
    Verdict, journey::grant,
};

/// A message that asks for a token and brings a password.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The name of this sign-in in answers, logs and audit.
    pub correlation: &'a CorrelationId,
    /// The entity ID of the relying party, found among the trusts.
    pub relying_party: &'a str,
    /// What its sender named it. Not relied on to differ between persons: there are clients that
    /// write the time here.
    pub id: &'a str,
}

/// Why there is no grant for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// For this reason, which the person may be told.
    Problem(Problem),
    /// The request is refused, whoever she is.
    Refused(Refusal),
}

/// The key under which messages are kept, of this process or of all nodes that share a store.
pub struct MessageKey(hmac::Key);

/// How long what a message was answered is kept: longer than a client waits before it sends the
/// message again.
const KEPT: Duration = Duration::from_secs(60);

/// How long a message is held to be under way; longer than it can be (the listener gives up after
/// 30 seconds).
const UNDER_WAY: Duration = Duration::from_secs(40);

/// How long the second of two same messages waits for what the first one is answered.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl MessageKey {
    /// A fresh one.
    ///
    /// # Errors
    /// When the system gives no random octets.
    pub fn random() -> Result<Self, KeyError> {
        Ok(Self(hmac::Key::generate(
            hmac::HMAC_SHA256,
            &SystemRandom::new(),
        )?))
    }

    /// The one that all nodes have in common that share this secret.
    ///
    /// # Errors
    /// When AWS-LC refuses.
    pub fn shared(secret: &SharedSecret) -> Result<Self, KeyError> {
        secret.authentication_key(Purpose::Messages).map(Self)
    }

    pub(super) fn digest(&self, message: &Message<'_>, typed: &Typed<'_>) -> Digest {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [
            message.relying_party,
            message.id,
            typed.name,
            typed.password,
        ] {
            // The lengths keep the parts from running into each other.
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        Digest(digest)
    }
}

impl std::fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MessageKey(..)")
    }
}

pub(super) struct Digest(pub(super) [u8; 32]);

impl SignIn {
    /// A message has come with a name and a password.
    ///
    /// # Errors
    /// [`Denied`], when they are not accepted or the message is refused.
    pub async fn exchange(
        &self,
        key: &MessageKey,
        message: Message<'_>,
        typed: Typed<'_>,
    ) -> Result<Grant, Denied> {
        if typed.name.trim().is_empty() || typed.password.is_empty() {
            return Err(Denied::Problem(Problem::Incomplete));
        }
        // A program cannot be sent anywhere.
        if self.instead_of_password(typed.name, typed.source).is_some() {
            let cause =
                "a password, for a name that proves elsewhere who it is, or belongs nowhere";
            audit::request_refused(message.correlation, Some(message.relying_party), cause);
            return Err(Denied::Problem(Problem::Elsewhere));
        }
        let digest = key.digest(&message, &typed);
        let request = request(&message, typed.name);
        let session = match self.recent.begin(&digest).await {
            Ok(Earlier::None) => self.ask(&digest, &request, typed).await?,
            Ok(Earlier::Session(session)) => *session,
            Ok(Earlier::Problem(problem)) => {
                let cause = "the same message again; answered as before, the directory not asked";
                audit::request_refused(message.correlation, Some(message.relying_party), cause);
                return Err(Denied::Problem(problem));
            }
            // What cannot be kept is not tried: it might be the second time.
            Ok(Earlier::UnderWay) | Err(_) => return Err(Denied::Problem(Problem::Busy)),
        };
        // To the sender of this very message once more within a moment, to nobody else.
        let sender = BrowserId(FixedText::of(URL_SAFE_NO_PAD.encode(digest.0).into_bytes()));
        let issuer = self
            .may_grant(&request, &sender, &session)
            .await
            .map_err(Denied::Refused)?;
        Ok(grant(&request, session, issuer, Proof::Password, None))
    }

    async fn ask(
        &self,
        digest: &Digest,
        request: &SignInRequest,
        typed: Typed<'_>,
    ) -> Result<Session, Denied> {
        let asking = Some(Participant::of(request));
        let authenticated = self.authenticate(&request.correlation, asking, typed);
        let (kept, outcome) = match authenticated.await {
            Ok(Ok(session)) => (Some(Kept::Session(Box::new(session.clone()))), Ok(session)),
            Ok(Err(_)) => (None, Err(Denied::Refused(Refusal::Internal))),
            // Nothing was found out, and nothing counted: the message may come again.
            Err(failure) if failure.verdict == Verdict::Unanswered => {
                (None, Err(Denied::Problem(failure.problem)))
            }
            Err(failure) => (
                Some(Kept::Problem(failure.problem)),
                Err(Denied::Problem(failure.problem)),
            ),
        };
        match self.recent.end(digest, kept).await {
            Ok(()) => outcome,
            Err(_) => Err(Denied::Problem(Problem::Busy)),
        }
    }
}

/// The message as a request. Its ID is the sender's and the person's: where two persons' programs
/// write the same one, these are two requests. A line feed stands in no name and no ID.
fn request(message: &Message<'_>, name: &str) -> SignInRequest {
    let name = SignInName::parse(name).map_or_else(|_| name.to_owned(), |name| name.key());
    SignInRequest {
        correlation: message.correlation.clone(),
        relying_party: message.relying_party.to_owned(),
        request_id: format!("{name}\n{}", message.id),
        protocol: Protocol::WsTrust,
        max_age: Some(Duration::ZERO),
        passive: false,
        hint: None,
        home_realm_hint: None,
        several_factors: false,
    }
}

/// What messages were answered a moment ago.
#[derive(Clone)]
pub(super) struct RecentMessages {
    store: Arc<dyn Store>,
}

#[derive(Serialize, Deserialize)]
enum Kept {
    UnderWay,
    Session(Box<Session>),
    Problem(Problem),
}

enum Earlier {
    /// It has not come before, and is under way from now on.
    None,
    Session(Box<Session>),
    Problem(Problem),
    /// It came before, and there was no answer while this one waited.
    UnderWay,
}

impl RecentMessages {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    async fn begin(&self, digest: &Digest) -> Result<Earlier, StoreError> {
        let arrival = Instant::now();
        let mark = encoded(&Kept::UnderWay);
        loop {
            let earlier = self
                .store
                .put_if_absent(Kind::RecentMessage, &digest.0, mark.clone(), UNDER_WAY)
                .await?;
            let Some(earlier) = earlier else {
                return Ok(Earlier::None);
            };
            match serde_json::from_slice(&earlier) {
                Ok(Kept::Session(session)) => return Ok(Earlier::Session(session)),
                Ok(Kept::Problem(problem)) => return Ok(Earlier::Problem(problem)),
                Ok(Kept::UnderWay) if arrival.elapsed() < LONGEST_WAIT => {
                    sleep(Duration::from_millis(50)).await;
                }
                _ => return Ok(Earlier::UnderWay),
            }
        }
    }

    async fn end(&self, digest: &Digest, kept: Option<Kept>) -> Result<(), StoreError> {
        match kept {
            None => self.store.remove(Kind::RecentMessage, &digest.0).await,
            Some(kept) => {
                let value = encoded(&kept);
                let kind = Kind::RecentMessage;
                self.store.put(kind, &digest.0, value, KEPT).await
            }
        }
    }
}

/// Texts and numbers cannot fail to serialise; if they did, nobody would be let in by it.
fn encoded(kept: &Kept) -> Bytes {
    Bytes::from(serde_json::to_vec(kept).unwrap_or_default())
}
