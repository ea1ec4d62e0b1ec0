//! Texts that have one length always: identifiers, timestamps. They are values like numbers, and need
//! no memory of their own.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// `N` characters of ASCII.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FixedText<const N: usize>([u8; N]);

impl<const N: usize> FixedText<N> {
    /// These characters in their order, as far as there is room; what is left is zeros.
    ///
    /// For texts of known shape: whatever is not ASCII stands as a zero, too.
    pub fn of(characters: impl IntoIterator<Item = u8>) -> Self {
        let mut text = [b'0'; N];
        for (place, character) in text.iter_mut().zip(characters) {
            if character.is_ascii() {
                *place = character;
            }
        }
        Self(text)
    }

    /// `None` for a text of another length, or one that is not ASCII.
    pub fn parse(text: &str) -> Option<Self> {
        let octets: [u8; N] = text.as_bytes().try_into().ok()?;
        octets.is_ascii().then_some(Self(octets))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The two digits of each octet, in lower case.
pub fn hex(octets: &[u8]) -> impl Iterator<Item = u8> {
    let digit = |value: u8| {
        if value < 10 {
            b'0' + value
        } else {
            b'a' - 10 + value
        }
    };
    let digits = octets.iter().map(|octet| [octet >> 4, octet & 15]);
    digits.flatten().map(digit)
}

/// Zeros.
impl<const N: usize> Default for FixedText<N> {
    fn default() -> Self {
        Self::of([])
    }
}

impl<const N: usize> Deref for FixedText<N> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> fmt::Display for FixedText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl<const N: usize> fmt::Debug for FixedText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> Serialize for FixedText<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for FixedText<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let other = || de::Error::invalid_length(text.len(), &"a text of ASCII of its length");
        Self::parse(&text).ok_or_else(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_long_as_its_type_says() {
        let text = FixedText::<5>::of(std::iter::once(b'_').chain(hex(&[0x0a, 0xf9])));
        assert_eq!(text.as_str(), "_0af9");
        assert_eq!(FixedText::<2>::of(*b"abc").as_str(), "ab");
        assert_eq!(FixedText::<3>::of(*b"a\xff").as_str(), "a00");
        assert_eq!(FixedText::parse("_0af9"), Some(text));
        for other in ["", "_0af", "_0af9a", "_0aä"] {
            assert_eq!(FixedText::<5>::parse(other), None, "{other}");
        }
    }

    #[test]
    fn it_is_written_down_as_a_text() {
        let written = serde_json::to_string(&FixedText::<2>::of(*b"ab")).unwrap();
        assert_eq!(written, r#""ab""#);
        assert_eq!(
            serde_json::from_str(&written).ok(),
            FixedText::<2>::parse("ab")
        );
        assert!(serde_json::from_str::<FixedText<3>>(&written).is_err());
    }
}
