use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// So many requests of one kind at once, and no queue: who finds no place is told so.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    taken: AtomicUsize,
    refused: AtomicU64,
}

/// One of them, given back when it is dropped.
#[derive(Debug)]
#[must_use = "the place is given back at once"]
pub struct Place<'a>(&'a Places);

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            taken: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
        }
    }

    pub(super) fn take(&self) -> Option<Place<'_>> {
        let place = Place(self);
        // Given back by `place` where there were too many.
        if self.taken.fetch_add(1, Ordering::Relaxed) < self.most {
            return Some(place);
        }
        self.note_refusal();
        None
    }

    pub(super) fn note_refusal(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn taken(&self) -> i64 {
        i64::try_from(self.taken.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    }

    pub(super) fn refused(&self) -> i64 {
        i64::try_from(self.refused.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}
