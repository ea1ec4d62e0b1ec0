use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};
use tracing::{info, warn};

use crate::observe::Metrics;

use super::StoreAddress;

/// Whether the shared store answers, and how often it did not. One line of the log for each change.
#[derive(Debug)]
pub struct Health {
    is_up: AtomicBool,
    /// How often it was up and then was not.
    outages: AtomicU64,
    /// Operations that it did not answer.
    unanswered: AtomicU64,
    /// Why it is not up.
    cause: Mutex<String>,
    rose: Notify,
    /// What its absence means, for the log.
    meaning: &'static str,
}

impl Health {
    pub(super) fn new(meaning: &'static str) -> Self {
        Self {
            is_up: AtomicBool::new(false),
            outages: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            cause: Mutex::new(String::new()),
            rose: Notify::new(),
            meaning,
        }
    }

    /// Whether it answers.
    pub fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    /// Why it does not answer, where that is so.
    pub fn cause(&self) -> Option<String> {
        (!self.is_up()).then(|| match &*self.cause_locked() {
            cause if cause.is_empty() => "not connected yet".to_owned(),
            cause => cause.clone(),
        })
    }

    /// Waits until it answers, as long as this at most.
    pub async fn wait(&self, most: Duration) -> bool {
        let rose = self.rose.notified();
        if self.is_up() {
            return true;
        }
        let _ = timeout(most, rose).await;
        self.is_up()
    }

    /// Tells what monitoring should know.
    pub fn measure(&self, metrics: &Metrics) {
        metrics.set(
            "homerealm_store_up",
            "Whether the shared store answers: 1, or 0 while this node goes by its own memory.",
            self.is_up().into(),
        );
        let count = |counter: &AtomicU64| {
            i64::try_from(counter.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
        };
        metrics.set(
            "homerealm_store_outages_total",
            "How often the shared store stopped answering.",
            count(&self.outages),
        );
        metrics.set(
            "homerealm_store_unanswered_total",
            "Operations that the shared store did not answer.",
            count(&self.unanswered),
        );
    }

    pub(super) fn rise(&self, address: &StoreAddress) {
        if !self.is_up.swap(true, Ordering::Relaxed) {
            info!(%address, "the shared store answers");
            self.cause_locked().clear();
            self.rose.notify_waiters();
        }
    }

    pub(super) fn fall(&self, cause: &str) {
        let was_up = self.is_up.swap(false, Ordering::Relaxed);
        if was_up {
            self.outages.fetch_add(1, Ordering::Relaxed);
        }
        let mut known = self.cause_locked();
        // At the start it was not up, and has to be told of all the same.
        if was_up || known.is_empty() {
            warn!(
                cause,
                meaning = self.meaning,
                "the shared store does not answer"
            );
        }
        cause.clone_into(&mut known);
    }

    pub(super) fn unanswered(&self) {
        self.unanswered.fetch_add(1, Ordering::Relaxed);
    }

    fn cause_locked(&self) -> MutexGuard<'_, String> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
