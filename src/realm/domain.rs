use std::{cmp::Ordering, fmt, hash};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{NameError, lookalike};

/// A domain name of at least two labels, known in both its ASCII and its Unicode form.
#[derive(Clone)]
pub struct DomainName {
    ascii: String,
    unicode: String,
}

impl DomainName {
    /// Reads a domain name as typed or stored: any case, A-labels or U-labels (RFC 5890 2.3.2.1),
    /// one trailing dot.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        text.split('.').try_for_each(lookalike::judge)?;
        let uts46 = Uts46::new();
        let ascii = uts46
            .to_ascii(
                text.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::Check,
                DnsLength::Verify,
            )
            .map_err(|_| NameError::Domain)?
            .into_owned();
        let (unicode, outcome) =
            uts46.to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
        outcome.map_err(|_| NameError::Domain)?;
        // Once more, for what stood there as an A-label.
        unicode.split('.').try_for_each(lookalike::judge)?;
        if !ascii.contains('.') {
            return Err(NameError::Domain);
        }
        let unicode = unicode.into_owned();
        Ok(Self { ascii, unicode })
    }

    /// In A-labels and lower case; what decides equality.
    pub fn as_ascii(&self) -> &str {
        &self.ascii
    }

    /// Whether it is this domain or lies below it.
    pub fn is_within(&self, above: &Self) -> bool {
        self.ascii
            .strip_suffix(above.as_ascii())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// In U-labels and lower case; what people read.
    pub fn as_unicode(&self) -> &str {
        &self.unicode
    }
}

impl PartialEq for DomainName {
    fn eq(&self, other: &Self) -> bool {
        self.ascii == other.ascii
    }
}

impl Eq for DomainName {}

impl Ord for DomainName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.ascii.cmp(&other.ascii)
    }
}

impl PartialOrd for DomainName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl hash::Hash for DomainName {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.ascii.hash(state);
    }
}

/// As [`DomainName::as_ascii`].
impl Serialize for DomainName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.ascii)
    }
}

impl<'de> Deserialize<'de> for DomainName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.unicode)
    }
}

impl fmt::Debug for DomainName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DomainName({})", self.ascii)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_domain_are_equal() {
        let domain = DomainName::parse("Bücher.Example").unwrap();
        assert_eq!(domain.as_ascii(), "xn--bcher-kva.example");
        assert_eq!(domain.as_unicode(), "bücher.example");
        for same in [
            "xn--bcher-kva.example",
            "XN--BCHER-KVA.EXAMPLE.",
            "bÜcher.example.",
        ] {
            assert_eq!(DomainName::parse(same).unwrap(), domain, "{same}");
        }
        assert_ne!(DomainName::parse("bucher.example").unwrap(), domain);
        let below = DomainName::parse("a.bücher.example").unwrap();
        assert_ne!(below, domain);
        assert!(below.is_within(&domain) && domain.is_within(&domain));
        assert!(!domain.is_within(&below));
        let beside = DomainName::parse("a-xn--bcher-kva.example");
        assert!(beside.is_err() || !beside.unwrap().is_within(&domain));
        let beside = DomainName::parse("notcontoso.com").unwrap();
        assert!(!beside.is_within(&DomainName::parse("contoso.com").unwrap()));
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for bad in [
            "",
            ".",
            "..",
            "com",
            "a..com",
            ".a.com",
            "a.com..",
            "-a.com",
            "a-.com",
            "a_b.com",
            "a b.com",
            "ab--c.com",
            "[10.0.0.1]",
            "a@b.com",
            "a.com/",
            "a.com:25",
            "a\0.com",
            "xn--a.com",
            "xn--.com",
            "ａ.com",
            "a。com",
            "a.c\u{200b}om",
            "раураl.com",
            "xn--80ak6aa92e.com",
            "1.\u{202e}com",
        ] {
            assert!(DomainName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(DomainName::parse(&format!("{}.com", "a".repeat(64))).is_err());
        assert!(DomainName::parse(&format!("{}com", "a.".repeat(126))).is_err());
    }
}
