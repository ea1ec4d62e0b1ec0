//! Polls a connection again when it has woken itself.
//!
//! hyper hands a request's body to the service through a channel within one task, so the task wakes
//! itself once or twice for each form. tokio takes that for giving way: it queues the task behind
//! the others and wakes an idle thread to help, which costs more than reading the form.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;

/// How often a connection is polled before the others get their turn all the same.
const AT_MOST: usize = 8;

/// The future with its own waker between it and the task.
pub(super) struct Again<F> {
    future: Pin<Box<F>>,
    own: Arc<Own>,
    waker: Waker,
}

struct Own {
    state: AtomicU8,
    task: AtomicWaker,
}

/// Not being polled, and not woken since.
const ASLEEP: u8 = 0;
const POLLED: u8 = 1;
const WOKEN: u8 = 2;

impl<F: Future> Again<F> {
    pub(super) fn new(future: F) -> Self {
        let own = Arc::new(Own {
            state: AtomicU8::new(ASLEEP),
            task: AtomicWaker::new(),
        });
        Self {
            future: Box::pin(future),
            waker: Waker::from(Arc::clone(&own)),
            own,
        }
    }
}

impl<F: Future> Future for Again<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        this.own.task.register(cx.waker());
        for _ in 0..AT_MOST {
            this.own.state.store(POLLED, Ordering::SeqCst);
            let polled = this
                .future
                .as_mut()
                .poll(&mut Context::from_waker(&this.waker));
            if polled.is_ready() {
                return polled;
            }
            let fell_asleep =
                this.own
                    .state
                    .compare_exchange(POLLED, ASLEEP, Ordering::SeqCst, Ordering::SeqCst);
            if fell_asleep.is_ok() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Wake for Own {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // While it is polled, the poll sees to it; when woken before, the task knows.
        if self.state.swap(WOKEN, Ordering::SeqCst) == ASLEEP {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, sync::atomic::AtomicUsize};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Count {
        fn seen(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    #[test]
    fn what_wakes_itself_is_polled_at_once() {
        let task = Arc::new(Count::default());
        let mut polls = 0;
        let mut again = Again::new(poll_fn(|cx| {
            polls += 1;
            if polls == 3 {
                return Poll::Ready(polls);
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        let waker = task.clone().into();
        let polled = Pin::new(&mut again).poll(&mut Context::from_waker(&waker));
        assert_eq!(polled, Poll::Ready(3));
        assert_eq!(task.seen(), 0);
    }

    #[test]
    fn what_wakes_itself_for_ever_gives_way() {
        let task = Arc::new(Count::default());
        let mut polls = 0;
        let mut again = Again::new(poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        let waker = task.clone().into();
        let polled = Pin::new(&mut again).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        assert_eq!(task.seen(), 1);
        drop(again);
        assert_eq!(polls, AT_MOST);
    }

    #[tokio::test]
    async fn wakes_from_elsewhere_reach_the_task() {
        for _ in 0..1_000 {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let receiving = tokio::spawn(Again::new(receiver));
            tokio::task::yield_now().await;
            std::thread::spawn(move || sender.send(7).unwrap());
            assert_eq!(receiving.await.unwrap(), Ok(7));
        }
    }
}
