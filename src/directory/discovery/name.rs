use std::{fmt, str::FromStr};

/// A DNS name as hosts and domains have it: ASCII, in lower case, without the dot at its end.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DnsName(String);

impl DnsName {
    /// Most octets of a name as text (RFC 1035 2.3.4 counts 255 in the wire format).
    const MAX: usize = 253;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this domain or lies below it.
    pub fn is_within(&self, above: &Self) -> bool {
        self.0
            .strip_suffix(above.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// The name of a service of this domain, such as `_ldap._tcp`.
    pub(super) fn service(&self, labels: &str) -> Result<Self, DnsNameError> {
        format!("{labels}.{self}").parse()
    }
}

impl FromStr for DnsName {
    type Err = DnsNameError;

    /// Reads a name of letters, digits, hyphens and underscores. Names beyond ASCII are written
    /// with A-labels (`xn--`), as DNS has them. An IPv4 address is no name.
    fn from_str(text: &str) -> Result<Self, DnsNameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
        if text.len() > Self::MAX
            || !text.split('.').all(is_label)
            || text.rsplit('.').next().is_none_or(is_number)
        {
            return Err(DnsNameError);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for DnsName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// Not a DNS name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a DNS name has labels of 1 to 63 letters, digits, hyphens or underscores, and 253 octets at \
     most"
)]
pub struct DnsNameError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_compared_in_lower_case() {
        let name = |text: &str| text.parse::<DnsName>().unwrap();
        let domain = name("AD.Contoso.com.");
        assert_eq!(domain.as_str(), "ad.contoso.com");
        assert!(name("ad.contoso.com").is_within(&domain));
        assert!(name("DC1.ad.contoso.com").is_within(&domain));
        for outside in [
            "contoso.com",
            "badad.contoso.com",
            "ad.contoso.com.evil.test",
        ] {
            assert!(!name(outside).is_within(&domain), "{outside}");
        }
        let service = domain.service("_ldap._tcp").unwrap();
        assert_eq!(service.as_str(), "_ldap._tcp.ad.contoso.com");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = format!("{}.com", "a".repeat(64));
        let longer = vec!["a".repeat(60); 5].join(".");
        for text in [
            "", ".", "..", "a..b", ".a", "a b", "dücks", "a\0", "a,b", "*.a", "10.0.0.1", "1",
            "a@b", "a:389", &long, &longer,
        ] {
            assert_eq!(text.parse::<DnsName>(), Err(DnsNameError), "{text}");
        }
    }
}
