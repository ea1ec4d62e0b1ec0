use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Writes `xs:dateTime` in UTC with milliseconds, as SAML core 1.3.3 wants it.
///
/// Digit by digit, since each Response has five of these.
pub fn format_timestamp(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let mut text = String::with_capacity(24);
    // Years beyond four digits, or before year 0, are none that a clock shows.
    push_digits(&mut text, at.year().unsigned_abs(), 1000);
    for (mark, number) in [
        ('-', u8::from(at.month())),
        ('-', at.day()),
        ('T', at.hour()),
        (':', at.minute()),
        (':', at.second()),
    ] {
        text.push(mark);
        push_digits(&mut text, number.into(), 10);
    }
    text.push('.');
    push_digits(&mut text, at.millisecond().into(), 100);
    text.push('Z');
    text
}

/// As many digits as `place`, the value of the first one, has.
fn push_digits(text: &mut String, number: u32, mut place: u32) {
    while place > 0 {
        text.push(char::from_digit(number / place % 10, 10).unwrap_or('0'));
        place /= 10;
    }
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
            assert_eq!(format_timestamp(parse_timestamp(text).unwrap()), text);
        }
        let offset = parse_timestamp("2026-11-23T13:34:56+01:00").unwrap();
        assert_eq!(format_timestamp(offset), "2026-11-23T12:34:56.000Z");
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
