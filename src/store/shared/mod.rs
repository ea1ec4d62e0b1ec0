//! State that several nodes have in common, in Redis or Valkey.
//!
//! Keys are digests, and values are sealed under a key that the nodes share: whoever reads the server
//! learns no cookie and no name, and whoever writes there makes no session. The server sees when
//! something happens, how often something failed, and can forget or bring back what it was given.
//!
//! Where it does not answer, a node goes on with what it knows by itself ([`WhenUnavailable::GoOn`]),
//! and gives the server what it has missed once it is back. What is weaker meanwhile:
//!
//! * A request is answered once by each node. A node knows those that it has answered itself, before
//!   and after.
//! * Failures are counted by each node, from none on.
//! * A session that began before cannot be checked, and so does not count: people are asked for their
//!   password. One that begins meanwhile counts at its node.

mod address;
mod connection;
mod health;
mod inspect;
mod link;
mod pushed;
mod resp;
mod wire;

pub use address::{StoreAddress, StoreAddressError};
pub use connection::{ConnectError, Servers};
pub use health::Health;
pub use inspect::{Inspected, inspect};

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{task::AbortHandle, time::sleep};

use crate::keys::{KeyError, Purpose, SharedSecret};

use super::{Kind, MemoryStore, Store, StoreError, StoreFuture, memory::check};
use link::Link;
use wire::Wire;

/// What happens while the shared store does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenUnavailable {
    /// Each node goes on by itself.
    #[default]
    GoOn,
    /// Nobody is signed in.
    Refuse,
}

/// How the shared store is reached, and used.
#[derive(Clone)]
pub struct SharedSettings {
    /// Where it is.
    pub servers: Servers,
    /// What all its keys begin with.
    pub prefix: String,
    /// How long an operation may take.
    pub deadline: Duration,
    /// What happens while it does not answer.
    pub when_unavailable: WhenUnavailable,
}

/// The state of several nodes.
pub struct SharedStore {
    inner: Arc<Inner>,
    tasks: [AbortHandle; 2],
}

struct Inner {
    link: Link,
    wire: Wire,
    when_unavailable: WhenUnavailable,
    /// What this node has answered, while the server answers and while it does not.
    seen: MemoryStore,
    /// What was kept while it did not, until it is pushed.
    own: MemoryStore,
    /// What was removed meanwhile.
    gone: MemoryStore,
    /// Whether there may be something in one of those two.
    has_own: AtomicBool,
}

/// How long it is known that something was removed: longer than anything of a session lasts.
const GONE_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// How soon it is looked again whether there is something to push.
const PUSH_EVERY: Duration = Duration::from_secs(1);

impl SharedStore {
    /// Connects, and stays connected, on the runtime that this is called in. Waits for nothing.
    ///
    /// # Errors
    /// When AWS-LC refuses to make the key.
    pub fn start(settings: SharedSettings, secret: &SharedSecret) -> Result<Self, KeyError> {
        let health = Arc::new(Health::new(match settings.when_unavailable {
            WhenUnavailable::GoOn => "each node goes on by itself; see docs/src/several-nodes.md",
            WhenUnavailable::Refuse => "nobody is signed in until it does",
        }));
        let inner = Arc::new(Inner {
            link: Link::new(settings.deadline, health),
            wire: Wire::new(&settings.prefix, secret.seal_keys(Purpose::Store)?),
            when_unavailable: settings.when_unavailable,
            seen: MemoryStore::default(),
            own: MemoryStore::default(),
            gone: MemoryStore::default(),
            has_own: AtomicBool::new(false),
        });
        let (linked, pushing) = (inner.clone(), inner.clone());
        let servers = settings.servers;
        let keep = tokio::spawn(async move { linked.link.keep(&servers).await });
        let push = tokio::spawn(async move {
            loop {
                if pushing.link.health.wait(PUSH_EVERY * 60).await {
                    pushing.push().await;
                    sleep(PUSH_EVERY).await;
                }
            }
        });
        Ok(Self {
            inner,
            tasks: [keep.abort_handle(), push.abort_handle()],
        })
    }

    /// Whether it answers.
    pub fn health(&self) -> Arc<Health> {
        self.inner.link.health.clone()
    }

    /// What happens while it does not.
    pub fn when_unavailable(&self) -> WhenUnavailable {
        self.inner.when_unavailable
    }
}

impl Drop for SharedStore {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Inner {
    /// What this node does by itself after the server gave no answer.
    async fn or_alone<T>(
        &self,
        answer: Option<Result<T, StoreError>>,
        alone: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match (answer, self.when_unavailable) {
            (Some(Ok(answer)), _) => Ok(answer),
            (Some(Err(error)), WhenUnavailable::Refuse) => Err(error),
            (None, WhenUnavailable::Refuse) => Err(self.unavailable()),
            (_, WhenUnavailable::GoOn) => alone.await,
        }
    }

    fn unavailable(&self) -> StoreError {
        let cause = self.link.health.cause();
        StoreError::Unavailable(cause.unwrap_or_else(|| "no answer".to_owned()))
    }

    /// The memory for what the server misses.
    fn own(&self) -> &MemoryStore {
        self.has_own.store(true, Ordering::Release);
        &self.own
    }

    fn may_have_own(&self) -> bool {
        self.has_own.load(Ordering::Acquire)
    }

    async fn put(
        &self,
        kind: Kind,
        key: &[u8],
        value: Bytes,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        check(key, &value)?;
        let answer = self.wire.put(&self.link, kind, key, &value, ttl).await;
        let alone = async { self.own().put(kind, key, value, ttl).await };
        self.or_alone(answer, alone).await
    }

    async fn put_if_absent(
        &self,
        kind: Kind,
        key: &[u8],
        value: Bytes,
        ttl: Duration,
    ) -> Result<Option<Bytes>, StoreError> {
        check(key, &value)?;
        let answer = self.wire.put_if_absent(&self.link, kind, key, &value, ttl);
        let answer = answer.await;
        let is_remembered = matches!(kind, Kind::AnsweredRequest | Kind::AnsweredQuestion);
        if is_remembered && matches!(answer, Some(Ok(None))) {
            // A server that has lost what it had is told so by the node that knows.
            return self.seen.put_if_absent(kind, key, value, ttl).await;
        }
        let alone = async {
            if is_remembered {
                let earlier = self.seen.put_if_absent(kind, key, value.clone(), ttl);
                if let Some(earlier) = earlier.await? {
                    return Ok(Some(earlier));
                }
            }
            self.own().put_if_absent(kind, key, value, ttl).await
        };
        self.or_alone(answer, alone).await
    }

    async fn add(
        &self,
        kind: Kind,
        key: &[u8],
        number: i64,
        ttl: Duration,
    ) -> Result<i64, StoreError> {
        check(key, &Bytes::new())?;
        let answer = self.wire.add(&self.link, kind, key, number, ttl).await;
        let alone = async { self.own().add(kind, key, number, ttl).await };
        self.or_alone(answer, alone).await
    }

    async fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let answer = self.wire.get(&self.link, kind, key).await;
        if matches!(answer, Some(Ok(_))) && self.may_have_own() {
            if let Some(value) = self.own.get(kind, key).await? {
                return Ok(Some(value));
            }
            if self.gone.get(kind, key).await?.is_some() {
                return Ok(None);
            }
        }
        let alone = async {
            match self.own.get(kind, key).await? {
                Some(value) => Ok(Some(value)),
                None if self.gone.get(kind, key).await?.is_some() => Ok(None),
                // What cannot be known is not said to be absent, where that would mean something.
                None if kind.is_of_a_session() => Err(self.unavailable()),
                None => Ok(None),
            }
        };
        self.or_alone(answer, alone).await
    }

    async fn take(&self, kind: Kind, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let answer = self.wire.take(&self.link, kind, key).await;
        if matches!(answer, Some(Ok(_))) && self.may_have_own() {
            if let Some(value) = self.own.take(kind, key).await? {
                return Ok(Some(value));
            }
            if self.gone.take(kind, key).await?.is_some() {
                return Ok(None);
            }
        }
        let alone = async {
            let value = self.own().take(kind, key).await?;
            self.gone.put(kind, key, Bytes::new(), GONE_FOR).await?;
            Ok(value)
        };
        self.or_alone(answer, alone).await
    }

    async fn remove(&self, kind: Kind, key: &[u8]) -> Result<(), StoreError> {
        let answer = self.wire.remove(&self.link, kind, key).await;
        if matches!(answer, Some(Ok(()))) && self.may_have_own() {
            self.own.remove(kind, key).await?;
        }
        let alone = async {
            self.own().remove(kind, key).await?;
            self.gone.put(kind, key, Bytes::new(), GONE_FOR).await
        };
        self.or_alone(answer, alone).await
    }
}

impl Store for SharedStore {
    fn put<'a>(
        &'a self,
        kind: Kind,
        key: &'a [u8],
        value: Bytes,
        ttl: Duration,
    ) -> StoreFuture<'a, ()> {
        StoreFuture::Asked(Box::pin(self.inner.put(kind, key, value, ttl)))
    }

    fn put_if_absent<'a>(
        &'a self,
        kind: Kind,
        key: &'a [u8],
        value: Bytes,
        ttl: Duration,
    ) -> StoreFuture<'a, Option<Bytes>> {
        StoreFuture::Asked(Box::pin(self.inner.put_if_absent(kind, key, value, ttl)))
    }

    fn add<'a>(
        &'a self,
        kind: Kind,
        key: &'a [u8],
        number: i64,
        ttl: Duration,
    ) -> StoreFuture<'a, i64> {
        StoreFuture::Asked(Box::pin(self.inner.add(kind, key, number, ttl)))
    }

    fn get<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, Option<Bytes>> {
        StoreFuture::Asked(Box::pin(self.inner.get(kind, key)))
    }

    fn take<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, Option<Bytes>> {
        StoreFuture::Asked(Box::pin(self.inner.take(kind, key)))
    }

    fn remove<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, ()> {
        StoreFuture::Asked(Box::pin(self.inner.remove(kind, key)))
    }
}
