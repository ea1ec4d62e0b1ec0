use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{
    super::Entry,
    codec::{Condition, Substrings},
};

/// Whether an entry meets a condition; `None` is "undefined" (RFC 4511 4.5.1.7).
pub(super) fn evaluate(condition: &Condition, entry: &Entry) -> Option<bool> {
    match condition {
        Condition::And(parts) => combine(parts.iter().map(|part| evaluate(part, entry)), false),
        Condition::Or(parts) => combine(parts.iter().map(|part| evaluate(part, entry)), true),
        Condition::Not(part) => evaluate(part, entry).map(|result| !result),
        Condition::Equal(name, value) => Some(
            entry
                .bytes(name)
                .any(|stored| is_equal(name, stored, value)),
        ),
        Condition::Present(name) => Some(entry.bytes(name).next().is_some()),
        Condition::Substrings(name, pieces) => Some(
            entry
                .bytes(name)
                .any(|stored| has_substrings(stored, pieces)),
        ),
        Condition::Undefined => None,
    }
}

/// And, Or: one part with the `decisive` value settles it, whatever is undefined beside it.
fn combine(mut parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    parts
        .try_fold(Some(!decisive), |sum, part| match part {
            Some(value) if value == decisive => Err(Some(decisive)),
            Some(_) => Ok(sum),
            None => Ok(None),
        })
        .unwrap_or_else(|settled| settled)
}

fn is_equal(name: &str, stored: &[u8], asserted: &[u8]) -> bool {
    const OCTET_STRINGS: [&str; 3] = ["objectGUID", "mS-DS-ConsistencyGuid", "objectSid"];
    if OCTET_STRINGS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
    {
        return stored == asserted;
    }
    fold(stored) == fold(asserted)
}

fn has_substrings(stored: &[u8], pieces: &Substrings) -> bool {
    let stored = fold(stored);
    let (initial, last) = (fold(&pieces.initial), fold(&pieces.last));
    let Some(mut rest) = stored.strip_prefix(initial.as_str()) else {
        return false;
    };
    for piece in &pieces.any {
        let Some((_, after)) = rest.split_once(fold(piece).as_str()) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last.as_str())
}

/// Active Directory compares text without case and without accents: `muller` finds `Müller`.
pub(super) fn fold(octets: &[u8]) -> String {
    if octets.is_ascii() {
        return String::from_utf8_lossy(octets).to_ascii_lowercase();
    }
    String::from_utf8_lossy(octets)
        .nfkd()
        .filter(|&character| !is_combining_mark(character))
        .flat_map(char::to_lowercase)
        .collect()
}
