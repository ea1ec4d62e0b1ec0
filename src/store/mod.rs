//! Short-lived state behind one small trait.
//!
//! What a sign-in leaves behind (a session, the fact that a request was answered) lives here with
//! a time to live, and nowhere else. One node keeps it in its own memory; several nodes need a
//! shared store, which is why every operation is asynchronous, may fail, and says in one step
//! what must not be torn apart.

mod memory;
mod shared;
mod shelf;

pub use memory::{Capacities, MemoryStore};
pub use shared::{
    ConnectError, Health, Inspected, Servers, SharedSettings, SharedStore, StoreAddress,
    StoreAddressError, WhenUnavailable, inspect,
};

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;

/// What an entry is. Keys of different kinds never meet, and each kind has its own capacity: no
/// flood of one can push another out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person who has signed in, by the identifier in the session cookie.
    Session,
    /// A relying party that a session was told to, by session and relying party.
    Participant,
    /// What a relying party has answered that was told of a session's end.
    Confirmation,
    /// A request that has been answered, by issuer and ID: each is answered once.
    AnsweredRequest,
    /// A question to an upstream identity provider that has been answered: each is answered once.
    AnsweredQuestion,
    /// How many attempts failed, by account or by source.
    FailedAttempts,
    /// A source from which an account has signed in before.
    FamiliarSource,
    /// What a message that brought a password was answered a moment ago, for when it comes again.
    RecentMessage,
}

impl Kind {
    /// Each of them, what keeps strangers out first.
    pub const ALL: [Self; 8] = [
        Self::AnsweredRequest,
        Self::AnsweredQuestion,
        Self::FailedAttempts,
        Self::Session,
        Self::Participant,
        Self::Confirmation,
        Self::FamiliarSource,
        Self::RecentMessage,
    ];

    /// Its name in a shared store.
    fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Participant => "participant",
            Self::Confirmation => "confirmation",
            Self::AnsweredRequest => "request",
            Self::AnsweredQuestion => "question",
            Self::FailedAttempts => "failures",
            Self::FamiliarSource => "familiar",
            Self::RecentMessage => "message",
        }
    }

    /// Whether it says something of a session.
    fn is_of_a_session(self) -> bool {
        matches!(self, Self::Session | Self::Participant | Self::Confirmation)
    }

    /// Whether its keys are digests already, which tell nothing.
    fn has_digests_as_keys(self) -> bool {
        !matches!(self, Self::FailedAttempts | Self::FamiliarSource)
    }
}

/// Why the store did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Key or value are beyond what any entry needs.
    #[error("the entry is too large to be kept")]
    TooLarge,
    /// A shared store that does not answer. Callers must treat it as a refusal: a request that
    /// cannot be marked as answered is not answered.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

/// What the operations of a [`Store`] return.
pub enum StoreFuture<'a, T> {
    /// It is done already, as it always is in memory. `None` once it was taken.
    Done(Option<Result<T, StoreError>>),
    /// Somebody else is asked.
    Asked(Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>),
}

impl<T> From<Result<T, StoreError>> for StoreFuture<'_, T> {
    fn from(done: Result<T, StoreError>) -> Self {
        Self::Done(Some(done))
    }
}

impl<T: Unpin> Future for StoreFuture<'_, T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Done(done) => done.take().map_or(Poll::Pending, Poll::Ready),
            Self::Asked(asked) => asked.as_mut().poll(cx),
        }
    }
}

/// Key, value and time to live; nothing outlives its time, and each operation is atomic.
pub trait Store: Send + Sync + 'static {
    /// Keeps a value, in place of any other under the key.
    fn put<'a>(
        &'a self,
        kind: Kind,
        key: &'a [u8],
        value: Bytes,
        ttl: Duration,
    ) -> StoreFuture<'a, ()>;

    /// Keeps a value unless there is one already, and returns the one that was there. Of any
    /// number of callers at once, exactly one gets `None`.
    fn put_if_absent<'a>(
        &'a self,
        kind: Kind,
        key: &'a [u8],
        value: Bytes,
        ttl: Duration,
    ) -> StoreFuture<'a, Option<Bytes>>;

    /// Adds to the counter under the key, which is 0 where there is none, and returns the sum. The
    /// counter's time begins anew when it grows, and only then. Of any number of callers at once
    /// that add, each gets a sum of its own.
    fn add<'a>(
        &'a self,
        kind: Kind,
        key: &'a [u8],
        number: i64,
        ttl: Duration,
    ) -> StoreFuture<'a, i64>;

    /// The value, which stays.
    fn get<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, Option<Bytes>>;

    /// The value, which is gone then: of any number of callers at once, one gets it.
    fn take<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, Option<Bytes>>;

    /// Forgets the value.
    fn remove<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, ()>;
}
