//! Names and values as pieces of the document that they were read from.

use std::{fmt, ops::Deref, sync::Arc};

/// A piece of a document. The document is kept once for all of its pieces, so that a tree does not
/// consist of many small copies of it.
#[derive(Clone)]
pub(super) struct Piece {
    document: Arc<str>,
    start: usize,
    end: usize,
}

impl Piece {
    /// The `length` octets from `start` on. Where `document` has no such piece, it is empty.
    pub(super) fn of(document: &Arc<str>, start: usize, length: usize) -> Self {
        Self {
            document: Arc::clone(document),
            start,
            end: start.saturating_add(length),
        }
    }

    /// A text that stands in no document as it is.
    pub(super) fn alone(text: &str) -> Self {
        Self {
            document: Arc::from(text),
            start: 0,
            end: text.len(),
        }
    }
}

impl Deref for Piece {
    type Target = str;

    fn deref(&self) -> &str {
        self.document.get(self.start..self.end).unwrap_or_default()
    }
}

/// By what they say, wherever they stand.
impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Piece {}

impl PartialOrd for Piece {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Piece {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (**self).cmp(&**other)
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_what_it_says_wherever_it_stands() {
        let document = Arc::from("<a b='ä'/>");
        let piece = Piece::of(&document, 6, 2);
        assert_eq!(&*piece, "ä");
        assert_eq!(piece, Piece::alone("ä"));
        assert!(piece > Piece::alone("a"));
    }

    #[test]
    fn what_is_no_piece_is_empty() {
        let document = Arc::from("ä");
        for (start, length) in [(0, 1), (1, 1), (0, 3), (7, 1), (1, usize::MAX)] {
            assert_eq!(&*Piece::of(&document, start, length), "");
        }
    }
}
