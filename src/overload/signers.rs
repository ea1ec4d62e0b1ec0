//! The threads that sign while the others serve connections.

use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

/// Signs on threads of its own, first come, first served, as soon as signing on the thread that asks
/// could leave nobody to serve connections.
///
/// Giving a signature away costs some microseconds, and where one person signs in at a time, nobody
/// gains by it. So the thread that asks signs itself while another of the runtime's has nothing to
/// sign. It must not while others wait: it would jump their queue.
///
/// The queue has no bound of its own. Whoever is in it has a [`super::Place`], and those are bounded.
#[derive(Debug)]
pub struct Signers {
    shared: Arc<Shared>,
    threads: usize,
    /// How many may be under way for one more to be made where it is asked for.
    most_here: usize,
}

/// There are no signers any more: the server is being taken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signers have ended")]
pub struct SignersGone;

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    /// Being made, here or there.
    under_way: AtomicUsize,
    waiting: AtomicUsize,
    /// What one takes, in nanoseconds: a moving mean.
    takes: AtomicU64,
    waited: AtomicU64,
    waited_nanoseconds: AtomicU64,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Threads that wait to be woken.
    idle: usize,
    is_over: bool,
}

struct Job {
    since: Instant,
    work: Box<dyn FnOnce() + Send>,
}

/// The leave to sign on the thread that asks. It ends when it is dropped.
#[derive(Debug)]
pub struct Here<'a> {
    shared: &'a Shared,
    since: Instant,
}

/// What a signature takes until one has been made.
const FIRST_GUESS: Duration = Duration::from_micros(500);
/// How many of the last ones the mean is of.
const MEAN_OF: u64 = 16;
/// A thread that was put off for a while says nothing about signatures.
const LONGEST_COUNTED: Duration = Duration::from_millis(20);

impl Signers {
    pub(super) fn start(workers: usize) -> io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let shared = Arc::new(Shared {
            takes: AtomicU64::new(nanoseconds(FIRST_GUESS)),
            ..Shared::default()
        });
        let signers = Self {
            shared: Arc::clone(&shared),
            threads,
            most_here: workers.saturating_sub(1),
        };
        for _ in 0..threads {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("signer".to_owned())
                .spawn(move || shared.sign_on())?;
        }
        Ok(signers)
    }

    /// Leave to sign here and now, where that keeps nobody waiting.
    pub fn here(&self) -> Option<Here<'_>> {
        let shared = &*self.shared;
        if shared.waiting.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let one_more = |under_way| (under_way < self.most_here).then_some(under_way + 1);
        let counters = (Ordering::Relaxed, Ordering::Relaxed);
        shared
            .under_way
            .fetch_update(counters.0, counters.1, one_more)
            .ok()?;
        Some(Here {
            shared,
            since: Instant::now(),
        })
    }

    /// Has it done by a signer, behind those who came before. It is not begun for somebody who has gone
    /// away meanwhile. A panic is passed on to the one who waits.
    ///
    /// # Errors
    /// When there are no signers any more.
    pub async fn queue<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, SignersGone> {
        let (sender, receiver) = oneshot::channel();
        self.shared.push(Box::new(move || {
            if !sender.is_closed() {
                let _ = sender.send(catch_unwind(AssertUnwindSafe(job)));
            }
        }));
        match receiver.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(SignersGone),
        }
    }

    /// How long one more would wait, by what the last ones took.
    pub fn expected_wait(&self) -> Duration {
        let waiting = self.shared.waiting.load(Ordering::Relaxed);
        if waiting == 0 {
            return Duration::ZERO;
        }
        let takes = self.shared.takes.load(Ordering::Relaxed);
        let all = takes.saturating_mul(u64::try_from(waiting).unwrap_or(u64::MAX));
        Duration::from_nanos(all) / u32::try_from(self.threads).unwrap_or(u32::MAX).max(1)
    }

    pub(super) fn waiting(&self) -> i64 {
        i64::try_from(self.shared.waiting.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    }

    pub(super) fn waited(&self) -> i64 {
        i64::try_from(self.shared.waited.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    }

    pub(super) fn waited_microseconds(&self) -> i64 {
        let nanoseconds = self.shared.waited_nanoseconds.load(Ordering::Relaxed);
        i64::try_from(nanoseconds / 1_000).unwrap_or(i64::MAX)
    }
}

impl Drop for Signers {
    fn drop(&mut self) {
        self.shared.queue().is_over = true;
        self.shared.filled.notify_all();
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.shared.made_one(self.since.elapsed());
    }
}

impl Shared {
    fn push(&self, work: Box<dyn FnOnce() + Send>) {
        let job = Job {
            since: Instant::now(),
            work,
        };
        let mut queue = self.queue();
        queue.jobs.push_back(job);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // Waking costs a system call, also where nobody sleeps.
        let is_anyone_idle = queue.idle > 0;
        drop(queue);
        if is_anyone_idle {
            self.filled.notify_one();
        }
    }

    /// What each signer does until all is over.
    fn sign_on(&self) {
        while let Some(Job { since, work }) = self.next() {
            let begun = Instant::now();
            self.waited.fetch_add(1, Ordering::Relaxed);
            self.waited_nanoseconds
                .fetch_add(nanoseconds(begun - since), Ordering::Relaxed);
            work();
            self.made_one(begun.elapsed());
            // Where processors are short, whoever serves connections goes first.
            thread::yield_now();
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                self.under_way.fetch_add(1, Ordering::Relaxed);
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                return Some(job);
            }
            if queue.is_over {
                return None;
            }
            queue.idle += 1;
            queue = self
                .filled
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        }
    }

    fn made_one(&self, took: Duration) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        let took = nanoseconds(took.min(LONGEST_COUNTED));
        // Two at once may lose one of both: it is a mean.
        let before = self.takes.load(Ordering::Relaxed);
        let mean = before - before / MEAN_OF + took / MEAN_OF;
        self.takes.store(mean, Ordering::Relaxed);
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // No code of others runs while it is held.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Queue")
            .field("jobs", &self.jobs.len())
            .finish_non_exhaustive()
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
impl Signers {
    /// As if so many had taken this long.
    pub(super) fn measured(&self, took: Duration, times: usize) {
        for _ in 0..times {
            self.shared.under_way.fetch_add(1, Ordering::Relaxed);
            self.shared.made_one(took);
        }
        let exactly = nanoseconds(took);
        self.shared.takes.store(exactly, Ordering::Relaxed);
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    pub(super) fn are_all_at_work(&self) -> bool {
        self.shared.under_way.load(Ordering::Relaxed) == self.threads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_is_left_for_connections() {
        let signers = Signers::start(3).unwrap();
        let first = signers.here().unwrap();
        let second = signers.here().unwrap();
        assert!(signers.here().is_none());
        drop(first);
        let _third = signers.here().unwrap();
        drop(second);
        assert!(Signers::start(1).unwrap().here().is_none());
    }

    #[tokio::test]
    async fn a_signer_does_what_is_queued_and_passes_a_panic_on() {
        let signers = Arc::new(Signers::start(1).unwrap());
        let thread = signers.queue(|| thread::current().name().map(str::to_owned));
        assert_eq!(thread.await.unwrap().as_deref(), Some("signer"));
        let queued = signers.clone();
        let panicking = tokio::spawn(async move { queued.queue(|| panic!("on purpose")).await });
        assert!(panicking.await.unwrap_err().is_panic());
        assert_eq!(signers.queue(|| 7).await, Ok(7));
        assert_eq!((signers.waiting(), signers.waited()), (0, 3));
    }
}
