//! Unguessable values.

use std::fmt::Write;

/// Random octets from AWS-LC's generator.
///
/// # Panics
/// When the operating system gives no randomness: nothing could be trusted from there on.
#[allow(clippy::expect_used)] // a fixed-size fill fails only with the system's generator
pub(super) fn octets<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    aws_lc_rs::rand::fill(&mut octets).expect("the system's random generator works");
    octets
}

/// A random GUID (RFC 9562 version 4), lower case, without braces.
pub(super) fn guid() -> String {
    to_guid(u128::from_be_bytes(octets::<16>()), 4)
}

/// A GUID of some version, made of a number.
pub(super) fn to_guid(number: u128, version: u128) -> String {
    // The version in bits 48 to 51 and the variant in bits 64 and 65 (RFC 9562 4).
    let number = number & !(0xf << 76) & !(0b11 << 62) | (version << 76) | (0b10 << 62);
    let octets = number.to_be_bytes();
    let mut text = String::with_capacity(36);
    for (index, octet) in octets.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_have_their_form_and_differ() {
        let guid = guid();
        let groups: Vec<_> = guid.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!(&guid[14..15], "4");
        assert!("89ab".contains(&guid[19..20]));
        assert_ne!(guid, super::guid());
    }
}
