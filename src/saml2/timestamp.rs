use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use crate::fixed_text::FixedText;

/// Writes `xs:dateTime` in UTC with milliseconds, as SAML core 1.3.3 wants it.
///
/// Digit by digit, since each Response has five of these.
pub fn format_timestamp(at: OffsetDateTime) -> Timestamp {
    let at = at.to_offset(UtcOffset::UTC);
    // Years beyond four digits, or before year 0, are none that a clock shows.
    let [y1, y2, y3, y4] = digits(at.year().unsigned_abs());
    let [_, _, mo1, mo2] = digits(u8::from(at.month()).into());
    let [_, _, d1, d2] = digits(at.day().into());
    let [_, _, h1, h2] = digits(at.hour().into());
    let [_, _, mi1, mi2] = digits(at.minute().into());
    let [_, _, s1, s2] = digits(at.second().into());
    let [_, f1, f2, f3] = digits(at.millisecond().into());
    Timestamp::of([
        y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1, s2,
        b'.', f1, f2, f3, b'Z',
    ])
}

/// `2026-11-23T13:35:02.105Z`.
pub type Timestamp = FixedText<24>;

/// The last four digits.
fn digits(number: u32) -> [u8; 4] {
    [1000, 100, 10, 1]
        .map(|place| char::from_digit(number / place % 10, 10).map_or(b'0', |it| it as u8))
}

/// Reads `xs:dateTime` with a time zone. SAML core 1.3.3 demands UTC; an offset is converted.
///
/// `None` for anything else: a value without a time zone, or one that UTC puts beyond the years
/// that can be reckoned with.
pub fn parse_timestamp(text: &str) -> Option<OffsetDateTime> {
    // `to_offset` panics where the offset pushes the value over the end of the year 9999.
    OffsetDateTime::parse(text.trim_ascii(), &Rfc3339)
        .ok()
        .and_then(|at| at.checked_to_offset(UtcOffset::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_it_reads() {
        for text in ["2026-11-23T12:34:56.789Z", "2024-02-29T00:00:00.000Z"] {
            assert_eq!(&*format_timestamp(parse_timestamp(text).unwrap()), text);
        }
        let offset = parse_timestamp("2026-11-23T13:34:56+01:00").unwrap();
        assert_eq!(&*format_timestamp(offset), "2026-11-23T12:34:56.000Z");
    }

    /// Each of these is a stranger's text, and must not be able to panic.
    #[test]
    fn the_ends_of_time_are_no_trap() {
        for beyond in [
            "9999-12-31T23:59:59-00:01",
            "9999-12-31T23:59:59.999999999-23:59",
        ] {
            assert_eq!(parse_timestamp(beyond), None, "{beyond}");
        }
        for (edge, year) in [
            ("9999-12-31T23:59:59.999999999Z", 9999),
            ("0000-01-01T00:00:00+23:59", -1),
            ("0000-01-01T00:00:00Z", 0),
        ] {
            assert_eq!(parse_timestamp(edge).map(OffsetDateTime::year), Some(year));
        }
    }

    #[test]
    fn refuses_what_is_no_instant() {
        for bad in [
            "",
            "2026-11-23",
            "2026-11-23T12:34:56",
            "2026-13-01T00:00:00Z",
            "now",
        ] {
            assert_eq!(parse_timestamp(bad), None, "{bad}");
        }
    }
}
