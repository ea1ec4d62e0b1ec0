use std::{fmt, str::FromStr};

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Filter;

/// An account's identity in Active Directory that outlives renames and moves: the 16 octets of
/// `objectGUID`, as LDAP returns them.
///
/// The order of the octets is the trap: the text form shows the first three fields most
/// significant octet first, while LDAP carries them least significant octet first (MS-DTYP
/// 2.3.4.2), and Entra's ImmutableID is the base64 of what LDAP carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectGuid([u8; 16]);

impl ObjectGuid {
    /// From the digits of the text form, so `0x6f9619ff_8b86_d011_b42d_00c04fc964ff` for
    /// `6f9619ff-8b86-d011-b42d-00c04fc964ff`.
    pub const fn from_digits(digits: u128) -> Self {
        let mut octets = digits.to_be_bytes();
        octets.swap(0, 3);
        octets.swap(1, 2);
        octets.swap(4, 5);
        octets.swap(6, 7);
        Self(octets)
    }

    /// One that no account has.
    pub(super) fn random() -> Self {
        let mut octets = [0; 16];
        // Without randomness it is the null GUID, which no account has either.
        let _ = rand::fill(&mut octets);
        Self(octets)
    }

    /// The octets as LDAP carries them.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The ImmutableID that Entra Connect derives: base64 of the octets as LDAP carries them.
    pub fn immutable_id(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The filter that finds the account.
    pub fn filter(&self) -> Filter {
        Filter::equal("objectGUID", self.0)
    }

    const fn digits(self) -> u128 {
        u128::from_be_bytes(Self::from_digits(u128::from_be_bytes(self.0)).0)
    }
}

impl TryFrom<&[u8]> for ObjectGuid {
    type Error = ObjectGuidError;

    fn try_from(octets: &[u8]) -> Result<Self, ObjectGuidError> {
        octets.try_into().map(Self).map_err(|_| ObjectGuidError)
    }
}

impl FromStr for ObjectGuid {
    type Err = ObjectGuidError;

    /// Reads the text form, 8-4-4-4-12 hexadecimal digits without braces.
    fn from_str(text: &str) -> Result<Self, ObjectGuidError> {
        let groups: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        let digits = groups.concat();
        if lengths != [8, 4, 4, 4, 12] || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ObjectGuidError);
        }
        u128::from_str_radix(&digits, 16)
            .map(Self::from_digits)
            .map_err(|_| ObjectGuidError)
    }
}

impl fmt::Display for ObjectGuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        write!(
            formatter,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            digits >> 96,
            digits >> 80 & 0xffff,
            digits >> 64 & 0xffff,
            digits >> 48 & 0xffff,
            digits & 0xffff_ffff_ffff
        )
    }
}

impl fmt::Debug for ObjectGuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ObjectGuid({self})")
    }
}

/// Not 16 octets, or not the text form of a GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an objectGUID is 16 octets")]
pub struct ObjectGuidError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_entra_connect() {
        for (text, immutable_id, filter) in [
            (
                "00112233-4455-6677-8899-aabbccddeeff",
                "MyIRAFVEd2aImaq7zN3u/w==",
                r"\33\22\11\00\55\44\77\66\88\99\aa\bb\cc\dd\ee\ff",
            ),
            (
                "6f9619ff-8b86-d011-b42d-00c04fc964ff",
                "/xmWb4aLEdC0LQDAT8lk/w==",
                r"\ff\19\96\6f\86\8b\11\d0\b4\2d\00\c0\4f\c9\64\ff",
            ),
            (
                "d32e32d5-23ae-4918-a67f-e86723e17426",
                "1TIu064jGEmmf+hnI+F0Jg==",
                r"\d5\32\2e\d3\ae\23\18\49\a6\7f\e8\67\23\e1\74\26",
            ),
        ] {
            let guid: ObjectGuid = text.parse().unwrap();
            assert_eq!(guid.to_string(), text);
            assert_eq!(guid.immutable_id(), immutable_id);
            assert_eq!(guid.filter().to_string(), format!("(objectGUID={filter})"));
            assert_eq!(ObjectGuid::try_from(&guid.as_bytes()[..]), Ok(guid));
        }
    }

    #[test]
    fn refuses_other_lengths_and_texts() {
        assert!(ObjectGuid::try_from(&[0; 15][..]).is_err());
        assert!(ObjectGuid::try_from(&[0; 17][..]).is_err());
        for text in [
            "",
            "{00112233-4455-6677-8899-aabbccddeeff}",
            "00112233-4455-6677-8899aabbccddeeff",
        ] {
            assert!(text.parse::<ObjectGuid>().is_err(), "{text}");
        }
    }
}
