//! SAML's instants: `xs:dateTime` in UTC, without a time zone offset (SAML core 1.3.3).

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Reads an instant; it must end in `Z`.
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    // RFC 3339 is wider than SAML here: it knows offsets, lower case and a blank as separator.
    let is_utc = text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
    is_utc
        .then(|| OffsetDateTime::parse(text, &Rfc3339).ok())
        .flatten()
}

/// Writes an instant to the millisecond, as Entra's requests do.
pub(super) fn to_milliseconds(instant: OffsetDateTime) -> String {
    let seconds = to_seconds(instant);
    let seconds = seconds.trim_end_matches('Z');
    format!(
        "{seconds}.{:03}Z",
        instant.to_offset(UtcOffset::UTC).millisecond()
    )
}

/// Writes an instant to the second, as Entra's error pages do.
pub(super) fn to_seconds(instant: OffsetDateTime) -> String {
    let utc = instant.to_offset(UtcOffset::UTC);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        utc.year(),
        u8::from(utc.month()),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let instant = OffsetDateTime::from_unix_timestamp_nanos(1_704_067_200_123_000_000).unwrap();
        assert_eq!(to_milliseconds(instant), "2024-01-01T00:00:00.123Z");
        assert_eq!(to_seconds(instant), "2024-01-01T00:00:00Z");
        assert_eq!(parse("2024-01-01T00:00:00.123Z"), Some(instant));
        assert_eq!(parse("2024-01-01T00:00:00.1230000Z"), Some(instant));
    }

    #[test]
    fn only_utc_instants_are_read() {
        for bad in [
            "",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00+00:00",
            "2024-01-01T01:00:00+01:00",
            "2024-01-01t00:00:00Z",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00z",
            " 2024-01-01T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-02-30T00:00:00Z",
            "-2024-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
