//! Addresses with parameters behind them, encoded as Entra encodes them.

use std::fmt::Write;

/// An address to which parameters are appended; it may have a query already.
pub(super) struct Query(String);

impl Query {
    pub(super) fn onto(address: &str) -> Self {
        Self(address.to_owned())
    }

    pub(super) fn push(&mut self, name: &str, value: &str) {
        self.push_encoded(name, &percent_encode(value));
    }

    /// A value that is encoded already, in another way perhaps.
    pub(super) fn push_encoded(&mut self, name: &str, value: &str) {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(value);
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Entra's percent-encoding has lower-case digits (facts 2.1).
pub(super) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02x}");
        }
    }
    encoded
}

/// Undoes percent-encoding, of a path's segment say: a plus sign is a plus sign. `None` when it is
/// cut off or stands for what is not UTF-8.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let code = digit()? * 16 + digit()?;
            octets.push(u8::try_from(code).ok()?);
        } else {
            octets.push(byte);
        }
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_follow_what_is_there() {
        for (address, expected) in [
            (
                "https://idp.example/",
                "https://idp.example/?a=b%2b%20%c3%a4&c=%41",
            ),
            (
                "https://idp.example/?x",
                "https://idp.example/?x&a=b%2b%20%c3%a4&c=%41",
            ),
        ] {
            let mut query = Query::onto(address);
            query.push("a", "b+ ä");
            query.push_encoded("c", "%41");
            assert_eq!(query.finish(), expected);
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let text = "w+moran@fabrikam.com/ä?&=%";
        assert_eq!(percent_decode(&percent_encode(text)).as_deref(), Some(text));
        assert_eq!(percent_decode("%3D+%3d").as_deref(), Some("=+="));
        for bad in ["%", "%4", "%zz", "%+1", "%ff"] {
            assert_eq!(percent_decode(bad), None, "{bad}");
        }
    }
}
