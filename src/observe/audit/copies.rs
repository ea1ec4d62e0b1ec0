//! Copies of lines for the journal and for a syslog server, sent by a thread of their own: neither may
//! hold a sign-in up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::Duration,
};

use super::{
    journal::Journal,
    line::{Line, Timestamp},
    settings::{NodeName, Settings},
    syslog::Sender,
};

/// How many lines wait for a slow server; those beyond are lost there, and counted.
const WAITING: usize = 8192;

/// How long the end of the process waits for them.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// What is sent of a line.
pub(super) struct Copy {
    pub(super) event: &'static str,
    pub(super) correlation: Option<String>,
    pub(super) timestamp: Timestamp,
    /// The line without its line feed.
    pub(super) line: Vec<u8>,
    pub(super) is_failure: bool,
}

impl Copy {
    pub(super) fn of(line: &Line<'_>, text: Vec<u8>) -> Self {
        Self {
            event: line.event,
            correlation: line.correlation.map(str::to_owned),
            timestamp: line.timestamp(),
            line: text,
            is_failure: line.cause.is_some() || line.lost.is_some(),
        }
    }
}

enum Order {
    Send(Copy),
    /// Tell when all before is sent.
    Flush(SyncSender<()>),
}

/// The way to the thread, if there is one.
pub(super) struct Copies {
    orders: Option<SyncSender<Order>>,
    lost: Arc<AtomicU64>,
}

impl Copies {
    pub(super) fn start(settings: &Settings, node: &NodeName) -> Self {
        let lost = Arc::new(AtomicU64::new(0));
        let journal = settings.journald.as_deref().map(Journal::new);
        let syslog = (settings.syslog.clone()).map(|server| Sender::new(server, node));
        let mut orders = None;
        if journal.is_some() || syslog.is_some() {
            let (sender, receiver) = mpsc::sync_channel(WAITING);
            let lost = lost.clone();
            let started = thread::Builder::new()
                .name("audit-copies".to_owned())
                .spawn(move || send_all(&receiver, journal, syslog, &lost));
            match started {
                Ok(_) => orders = Some(sender),
                Err(error) => tracing::error!(%error, "audit lines are not copied"),
            }
        }
        Self { orders, lost }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.orders.is_none()
    }

    pub(super) fn send(&self, copy: Copy) {
        if let Some(orders) = &self.orders
            && orders.try_send(Order::Send(copy)).is_err()
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until what was sent has left.
    pub(super) fn flush(&self) {
        if let Some(orders) = &self.orders {
            let (done, wait) = mpsc::sync_channel(1);
            if orders.try_send(Order::Flush(done)).is_ok() {
                let _ = wait.recv_timeout(LAST_WAIT);
            }
        }
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

fn send_all(
    orders: &Receiver<Order>,
    mut journal: Option<Journal>,
    mut syslog: Option<Sender>,
    lost: &AtomicU64,
) {
    while let Ok(order) = orders.recv() {
        let copy = match order {
            Order::Send(copy) => copy,
            Order::Flush(done) => {
                let _ = done.try_send(());
                continue;
            }
        };
        let outcomes = [
            journal.as_mut().map(|journal| journal.send(&copy)),
            syslog.as_mut().map(|syslog| syslog.send(&copy)),
        ];
        for error in outcomes.into_iter().flatten().filter_map(Result::err) {
            if lost.fetch_add(1, Ordering::Relaxed).is_multiple_of(1000) {
                tracing::error!(%error, "a copy of an audit line is lost");
            }
        }
    }
}
