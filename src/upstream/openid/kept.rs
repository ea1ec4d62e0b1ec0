use std::{
    future::Future,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{sync::Mutex, time::Instant};

/// A document of somebody else's, fetched when it is needed and kept for a while.
///
/// However many ask at once, it is fetched once. Where it cannot be had any more, the last one counts,
/// for a day; and a server that fails is left alone for a moment.
pub(super) struct Kept<T, E> {
    state: RwLock<State<T, E>>,
    fetching: Mutex<()>,
}

struct State<T, E> {
    good: Option<(Arc<T>, Instant)>,
    failure: Option<(E, Instant)>,
}

/// After that it is fetched anew.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// So long the last one counts where no newer one can be had.
const LAST_GOOD: Duration = Duration::from_secs(24 * 60 * 60);

/// So long a failure is answered without another try.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// A newer one is not fetched more often, whoever wants it: what names an unknown key costs an
/// attacker nothing.
const NEWER_AT_MOST_EVERY: Duration = Duration::from_secs(30);

impl<T, E: Clone> Kept<T, E> {
    pub(super) fn new() -> Self {
        Self {
            state: RwLock::new(State {
                good: None,
                failure: None,
            }),
            fetching: Mutex::new(()),
        }
    }

    /// The document.
    pub(super) async fn get<F>(&self, fetch: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let fresh = |age| age < FRESH;
        if let Some(good) = self.good(fresh) {
            return Ok(good);
        }
        let usable = |age| age < LAST_GOOD;
        // Whoever has an old one does not wait for another's look for a new one.
        let turn = match (self.fetching.try_lock(), self.good(usable)) {
            (Ok(turn), _) => turn,
            (Err(_), Some(good)) => return Ok(good),
            (Err(_), None) => self.fetching.lock().await,
        };
        if let Some(good) = self.good(fresh) {
            return Ok(good);
        }
        let fetched = self.fetch(fetch).await;
        drop(turn);
        fetched.or_else(|error| self.good(usable).ok_or(error))
    }

    /// A newer one than this, or the same, if none is there or it was looked for a moment ago.
    pub(super) async fn newer<F>(&self, than: &Arc<T>, fetch: impl FnOnce() -> F) -> Arc<T>
    where
        F: Future<Output = Result<T, E>>,
    {
        let _turn = self.fetching.lock().await;
        match self.good(|age| age < NEWER_AT_MOST_EVERY) {
            Some(good) => good,
            None => self.fetch(fetch).await.unwrap_or_else(|_| than.clone()),
        }
    }

    async fn fetch<F>(&self, fetch: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        let fetched = fetch().await;
        let now = Instant::now();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match fetched {
            Ok(document) => {
                let document = Arc::new(document);
                *state = State {
                    good: Some((document.clone(), now)),
                    failure: None,
                };
                Ok(document)
            }
            Err(error) => {
                state.failure = Some((error.clone(), now));
                Err(error)
            }
        }
    }

    fn good(&self, suits: impl Fn(Duration) -> bool) -> Option<Arc<T>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let (good, since) = state.good.as_ref()?;
        suits(since.elapsed()).then(|| good.clone())
    }

    fn failure(&self) -> Option<E> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let (failure, since) = state.failure.as_ref()?;
        (since.elapsed() < AFTER_FAILURE).then(|| failure.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A document that is the number of times that it was fetched.
    struct World {
        kept: Kept<u32, &'static str>,
        fetched: AtomicU32,
        fails: std::sync::atomic::AtomicBool,
    }

    impl World {
        fn new() -> Self {
            Self {
                kept: Kept::new(),
                fetched: AtomicU32::new(0),
                fails: false.into(),
            }
        }

        async fn fetch(&self) -> Result<u32, &'static str> {
            let times = self.fetched.fetch_add(1, Ordering::Relaxed) + 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
            if self.fails.load(Ordering::Relaxed) {
                Err("away")
            } else {
                Ok(times)
            }
        }

        async fn get(&self) -> Result<u32, &'static str> {
            self.kept
                .get(|| self.fetch())
                .await
                .map(|document| *document)
        }

        async fn newer(&self, than: u32) -> u32 {
            *self.kept.newer(&Arc::new(than), || self.fetch()).await
        }

        fn fail(&self, fails: bool) {
            self.fails.store(fails, Ordering::Relaxed);
        }
    }

    async fn pass(time: Duration) {
        tokio::time::advance(time).await;
    }

    #[tokio::test(start_paused = true)]
    async fn fetched_once_an_hour_however_many_ask() {
        let world = World::new();
        let (a, b, c) = tokio::join!(world.get(), world.get(), world.get());
        assert_eq!((a, b, c), (Ok(1), Ok(1), Ok(1)));
        pass(FRESH / 2).await;
        assert_eq!(world.get().await, Ok(1));
        pass(FRESH / 2).await;
        // One looks, the other takes what there is.
        assert_eq!(tokio::join!(world.get(), world.get()), (Ok(2), Ok(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_good_one_counts_for_a_day() {
        let world = World::new();
        assert_eq!(world.get().await, Ok(1));
        world.fail(true);
        pass(FRESH).await;
        assert_eq!(world.get().await, Ok(1));
        pass(Duration::from_secs(23 * 60 * 60 - 1)).await;
        assert_eq!(world.get().await, Ok(1));
        pass(Duration::from_secs(1)).await;
        assert_eq!(world.get().await, Err("away"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_fails_is_left_alone_for_a_moment() {
        let world = World::new();
        world.fail(true);
        assert_eq!(world.get().await, Err("away"));
        assert_eq!(world.get().await, Err("away"));
        assert_eq!(world.fetched.load(Ordering::Relaxed), 1);
        world.fail(false);
        pass(AFTER_FAILURE).await;
        assert_eq!(world.get().await, Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_newer_one_is_not_looked_for_at_each_wish() {
        let world = World::new();
        assert_eq!(world.get().await, Ok(1));
        assert_eq!(world.newer(1).await, 1);
        pass(NEWER_AT_MOST_EVERY).await;
        assert_eq!(tokio::join!(world.newer(1), world.newer(1)), (2, 2));
        assert_eq!(world.newer(2).await, 2);
        pass(NEWER_AT_MOST_EVERY).await;
        world.fail(true);
        assert_eq!(world.newer(2).await, 2);
        assert_eq!(world.fetched.load(Ordering::Relaxed), 3);
    }
}
