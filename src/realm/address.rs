use std::{cmp::Ordering, fmt, hash};

use unicode_normalization::UnicodeNormalization;

use super::{DomainName, NameError, lookalike};

/// The octets of atext beyond letters and digits (RFC 5322 3.2.3), and the dot.
const ATEXT: &[u8] = b"!#$%&'*+-/=?^_`{|}~.";

/// An email address or UPN, `local@domain`. Equality is [`same_address`].
#[derive(Clone)]
pub struct EmailAddress {
    local: String,
    folded_local: String,
    domain: DomainName,
}

/// Whether two texts are the same address, by the definition of this module. What is no address
/// is the same as nothing, itself included.
pub fn same_address(a: &str, b: &str) -> bool {
    match (EmailAddress::parse(a), EmailAddress::parse(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

impl EmailAddress {
    /// The longest address, in bytes (RFC 5321 4.5.3.1.3, less the angle brackets).
    pub const MAX_BYTES: usize = 254;
    /// The longest local part, in bytes (RFC 5321 4.5.3.1.1).
    pub const MAX_LOCAL_BYTES: usize = 64;

    /// Reads an address as typed or stored.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(NameError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(NameError::Shape)?;
        judge_local(local)?;
        let folded_local = if local.is_ascii() {
            local.to_ascii_lowercase()
        } else {
            local.to_lowercase().nfc().collect()
        };
        let domain = DomainName::parse(domain)?;
        Ok(Self {
            local: local.to_owned(),
            folded_local,
            domain,
        })
    }

    /// What stands before the `@`, as written.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &DomainName {
        &self.domain
    }

    /// One text for all forms of this address.
    pub(super) fn key(&self) -> String {
        format!("{}@{}", self.folded_local, self.domain.as_ascii())
    }

    /// The ways in which a directory may have stored it, but for case.
    pub(super) fn stored_forms(&self) -> Vec<String> {
        let mut forms = vec![format!("{}@{}", self.local, self.domain.as_ascii())];
        if self.domain.as_unicode() != self.domain.as_ascii() {
            forms.push(format!("{}@{}", self.local, self.domain.as_unicode()));
        }
        forms
    }
}

fn judge_local(local: &str) -> Result<(), NameError> {
    if local.is_empty() || local.len() > EmailAddress::MAX_LOCAL_BYTES {
        return Err(NameError::Local);
    }
    if local.split('.').any(str::is_empty) {
        return Err(NameError::Local);
    }
    let is_atext = |octet: u8| octet.is_ascii_alphanumeric() || ATEXT.contains(&octet);
    if !local.bytes().filter(u8::is_ascii).all(is_atext) {
        return Err(NameError::Local);
    }
    lookalike::judge(local)
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.folded_local == other.folded_local && self.domain == other.domain
    }
}

impl Eq for EmailAddress {}

impl Ord for EmailAddress {
    /// By domain first, so that one domain's stand together.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_domain = self.domain.cmp(&other.domain);
        by_domain.then_with(|| self.folded_local.cmp(&other.folded_local))
    }
}

impl PartialOrd for EmailAddress {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl hash::Hash for EmailAddress {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.folded_local.hash(state);
        self.domain.hash(state);
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.local, self.domain)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "EmailAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_domain_form_and_trailing_dot_do_not_matter() {
        for (a, b) in [
            ("wmoran@fabrikam.com", "WMoran@FABRIKAM.com"),
            ("wmoran@fabrikam.com", "  wmoran@fabrikam.com. "),
            ("a@bücher.example", "A@xn--bcher-kva.example"),
            ("MÜLLER@fabrikam.com", "müller@fabrikam.com"),
        ] {
            assert!(same_address(a, b), "{a} {b}");
        }
    }

    #[test]
    fn everything_else_does() {
        for (a, b) in [
            ("wmorán@fabrikam.com", "wmoran@fabrikam.com"),
            ("muller@fabrikam.com", "müller@fabrikam.com"),
            ("mueller@fabrikam.com", "müller@fabrikam.com"),
            ("tom+contoso@fabrikam.com", "tom@fabrikam.com"),
            ("w.moran@fabrikam.com", "wmoran@fabrikam.com"),
            ("a@bücher.example", "a@bucher.example"),
            ("wmoran@fabrikam.com", "wmoran@sub.fabrikam.com"),
            ("ß@fabrikam.com", "ss@fabrikam.com"),
            ("not an address", "not an address"),
            ("", ""),
        ] {
            assert!(!same_address(a, b), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_stays_itself(text in "\\PC{0,40}@\\PC{0,40}|.{0,80}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                for form in address.stored_forms().into_iter().chain([address.key()]) {
                    prop_assert_eq!(EmailAddress::parse(&form), Ok(address.clone()), "{}", form);
                }
            }
        }

        #[test]
        fn ascii_addresses_ignore_case(local in "[a-z0-9+_-]{1,20}", domain in "[a-z]{1,10}\\.com") {
            let text = format!("{local}@{domain}");
            prop_assert!(same_address(&text, &text.to_uppercase()));
        }
    }
}
