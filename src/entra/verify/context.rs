//! What judging needs everywhere: the clock with its allowance, and a way to quote.

use time::OffsetDateTime;

use super::Expectations;
use crate::entra::{Aadsts, Protocol, Refusal, instant};

/// What the parts of an assertion are judged by.
pub(super) struct Context<'a> {
    pub(super) expectations: &'a Expectations,
    pub(super) protocol: Protocol,
    pub(super) now: OffsetDateTime,
}

impl Context<'_> {
    /// Refuses what starts later than now, with the skew.
    pub(super) fn has_begun(&self, what: &str, text: &str) -> Result<(), Refusal> {
        let instant = read_instant(what, text)?;
        // The skew is added to our clock: theirs may be at the end of time.
        if instant > self.now + self.expectations.clock_skew {
            return Err(self.not_now(what, text, "lies in the future"));
        }
        Ok(())
    }

    /// Refuses what ended at or before now, with the skew.
    pub(super) fn has_not_ended(&self, what: &str, text: &str) -> Result<(), Refusal> {
        let instant = read_instant(what, text)?;
        if instant <= self.now - self.expectations.clock_skew {
            return Err(self.not_now(what, text, "is past"));
        }
        Ok(())
    }

    fn not_now(&self, what: &str, text: &str, how: &str) -> Refusal {
        self.refuse_time(format!(
            "{what} {} {how}: here it is {}, and clocks may differ by {} s.",
            shown(text),
            instant::to_seconds(self.now),
            self.expectations.clock_skew.whole_seconds()
        ))
    }

    /// Refuses what is right in itself, but not at this time.
    pub(super) fn refuse_time(&self, detail: String) -> Refusal {
        match self.protocol {
            Protocol::Saml => Aadsts::AssertionNotValidNow.refuse(detail),
            Protocol::WsFederation => Aadsts::AssertionNotValidNow.refuse_saying(
                "SAML 1.1 assertion validation failed: SAML token is invalid.",
                detail,
            ),
            Protocol::WsTrust => Aadsts::GrantNotValidNow.refuse(detail),
        }
    }
}

pub(super) fn read_instant(what: &str, text: &str) -> Result<OffsetDateTime, Refusal> {
    instant::parse(text).ok_or_else(|| {
        Aadsts::InvalidSamlToken.refuse(format!(
            "{what} is {}, not an instant in UTC such as 2024-01-01T00:00:00Z.",
            shown(text)
        ))
    })
}

/// A value of theirs for a sentence of ours: quoted, and not longer than a line.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut start: String = text.chars().take(LONGEST).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_quoted_and_cut_where_it_is_long() {
        assert_eq!(shown("a\n\"b\""), r#""a\n\"b\"""#);
        let longest = "\u{e4}".repeat(120);
        assert_eq!(shown(&longest), format!("\"{longest}\""));
        assert_eq!(
            shown(&format!("{longest}x")),
            format!("\"{longest}\u{2026}\"")
        );
    }
}
