use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

use super::Limits;

/// Whose turn it is on one connection: the peer's (to send a request) or ours (to answer it).
///
/// The service side takes and gives the turn, the stream side only looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn(Arc<AtomicU32>);

impl Turn {
    /// A request's header fields are complete: no read is awaited any more.
    pub(super) fn take(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The answer stands: the peer may send its next request.
    pub(super) fn give(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn number(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream that fails with `TimedOut` when its peer is too slow to send a request's header
/// fields, idle for too long between requests, or too slow to take an answer.
///
/// hyper has one timer for the first two and none for the last. A peer that never reads would
/// otherwise hold its connection for ever.
pub(super) struct Paced<S> {
    stream: S,
    turn: Turn,
    header_read_timeout: Duration,
    idle_timeout: Duration,
    write_timeout: Duration,
    /// Runs while it is the peer's turn.
    reading: Pin<Box<Sleep>>,
    /// The turn that `reading` was set for.
    reading_turn: u32,
    /// The first octets of the awaited request have come.
    head_begun: bool,
    /// Runs while the peer takes nothing.
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, turn: Turn, limits: &Limits) -> Self {
        Self {
            stream,
            reading_turn: turn.number(),
            turn,
            header_read_timeout: limits.header_read_timeout,
            idle_timeout: limits.idle_timeout,
            write_timeout: limits.write_timeout,
            reading: Box::pin(sleep(limits.header_read_timeout)),
            // Who opens a connection has something to say: the first request gets no idle time.
            head_begun: true,
            writing: None,
        }
    }

    /// Whether the peer has let its time to send pass.
    fn poll_reading(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let turn = self.turn.number();
        let ours = turn % 2 == 1;
        if ours {
            return Poll::Pending;
        }
        if turn != self.reading_turn {
            self.reading_turn = turn;
            self.head_begun = false;
            self.reading
                .as_mut()
                .reset(Instant::now() + self.idle_timeout);
        }
        ready!(self.reading.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    /// Notes that octets came: if they begin a request, its header fields are now awaited.
    fn begin_head(&mut self) {
        if !self.head_begun && self.turn.number() == self.reading_turn {
            self.head_begun = true;
            self.reading
                .as_mut()
                .reset(Instant::now() + self.header_read_timeout);
        }
    }

    /// Passes on the outcome of a write or flush, or fails where it is stuck for too long.
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.writing = None;
            return outcome;
        }
        let timeout = self.write_timeout;
        let writing = self.writing.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(writing.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buffer) {
            Poll::Ready(outcome) => {
                if buffer.filled().len() > before {
                    this.begin_head();
                }
                Poll::Ready(outcome)
            }
            Poll::Pending => this.poll_reading(cx).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, octets);
        this.watch_write(cx, outcome)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_flush(cx);
        this.watch_write(cx, outcome)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.watch_write(cx, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.watch_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
