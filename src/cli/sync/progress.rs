//! How far a reading is, for people who wait for it.

use std::io::{IsTerminal as _, Write as _};

/// The bar, in characters.
const WIDTH: usize = 30;

/// A bar on stderr, or nothing where that is no terminal.
pub(super) struct Progress {
    shown: bool,
    expected: Option<usize>,
    done: usize,
}

impl Progress {
    pub(super) fn on_terminal() -> Self {
        Self {
            shown: std::io::stderr().is_terminal(),
            expected: None,
            done: 0,
        }
    }

    pub(super) fn is_shown(&self) -> bool {
        self.shown
    }

    /// How many there will be, or nearly so.
    pub(super) fn expect(&mut self, count: usize) {
        self.expected = Some(count);
    }

    pub(super) fn advance(&mut self, more: usize) {
        self.done += more;
        if self.shown {
            // Nothing depends on whether it can be seen.
            let _ = write!(std::io::stderr(), "\r{}", line(self.done, self.expected));
        }
    }

    /// The line is over, if there is one.
    pub(super) fn end(self) {
        if self.shown && self.done > 0 {
            eprintln!();
        }
    }
}

fn line(done: usize, expected: Option<usize>) -> String {
    let Some(expected) = expected else {
        return format!("{done} accounts read");
    };
    // Accounts that came meanwhile do not make it longer.
    let full = (done.min(expected) * WIDTH).checked_div(expected);
    let full = full.unwrap_or(WIDTH);
    let (full, empty) = ("#".repeat(full), "-".repeat(WIDTH - full));
    format!("[{full}{empty}] {done} of {expected} accounts read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_long_as_what_was_read() {
        assert_eq!(line(7, None), "7 accounts read");
        for (done, expected, full) in [(0, 2000, 0), (500, 2000, 7), (2000, 2000, 30), (9, 8, 30)] {
            let line = line(done, Some(expected));
            assert_eq!(line.matches('#').count(), full, "{line}");
            assert_eq!(line.matches(['#', '-']).count(), WIDTH, "{line}");
            assert!(line.ends_with(&format!("{done} of {expected} accounts read")));
        }
        assert_eq!(line(0, Some(0)).matches('#').count(), WIDTH);
    }
}
