use std::fmt;

use super::{EmailAddress, lookalike};

/// What a person typed as her name: an address, or a bare `sAMAccountName`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInName(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Address(EmailAddress),
    AccountName(AccountName),
}

/// A `sAMAccountName` (MS-ADTS 3.1.1.6), compared without case.
#[derive(Clone, Debug)]
pub(super) struct AccountName {
    text: String,
    folded: String,
}

impl SignInName {
    /// Reads a name. Whether bare account names may sign in is for the
    /// [`Mapping`](super::Mapping) to say: where not, they match nobody.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > EmailAddress::MAX_BYTES {
            return Err(NameError::TooLong);
        }
        if text.contains('@') {
            return EmailAddress::parse(text).map(|address| Self(Form::Address(address)));
        }
        AccountName::parse(text).map(|name| Self(Form::AccountName(name)))
    }

    /// The address, where it is one.
    pub fn as_address(&self) -> Option<&EmailAddress> {
        match &self.0 {
            Form::Address(address) => Some(address),
            Form::AccountName(_) => None,
        }
    }

    pub(super) fn form(&self) -> &Form {
        &self.0
    }

    /// One text for all ways of writing this name; for caches, counters and audit.
    pub fn key(&self) -> String {
        match &self.0 {
            Form::Address(address) => address.key(),
            Form::AccountName(name) => name.folded.clone(),
        }
    }
}

impl From<EmailAddress> for SignInName {
    fn from(address: EmailAddress) -> Self {
        Self(Form::Address(address))
    }
}

impl fmt::Display for SignInName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Address(address) => fmt::Display::fmt(address, formatter),
            Form::AccountName(name) => formatter.write_str(&name.text),
        }
    }
}

impl AccountName {
    const MAX_CHARACTERS: usize = 20;
    const FORBIDDEN: &str = "\"/\\[]:;|=,+*?<>@";

    pub(super) fn parse(text: &str) -> Result<Self, NameError> {
        if text.chars().count() > Self::MAX_CHARACTERS {
            return Err(NameError::Shape);
        }
        let is_fit =
            |character: char| !character.is_ascii_control() && !Self::FORBIDDEN.contains(character);
        if text.is_empty() || text.ends_with(['.', ' ']) || !text.chars().all(is_fit) {
            return Err(NameError::Shape);
        }
        lookalike::judge(text)?;
        Ok(Self {
            text: text.to_owned(),
            folded: text.to_lowercase(),
        })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for AccountName {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for AccountName {}

/// Why a text is no sign-in name. The person is told the same for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing, or only spaces.
    #[error("the name is empty")]
    Empty,
    /// More than 254 bytes.
    #[error("the name is longer than {} bytes", EmailAddress::MAX_BYTES)]
    TooLong,
    /// Neither an address nor an account name.
    #[error("neither an email address nor an account name")]
    Shape,
    /// What stands before the `@` is no local part.
    #[error("what stands before the @ is no local part of an address")]
    Local,
    /// What stands behind the `@` is no domain name.
    #[error("what stands behind the @ is no domain name")]
    Domain,
    /// A character that names do not have: a control, a directional override, a symbol.
    #[error("a character that no name may have")]
    Character,
    /// Not in Unicode normalization form C.
    #[error("not in Unicode normalization form C")]
    NotNormalized,
    /// Letters of several scripts in one word.
    #[error("letters of several scripts in one word")]
    MixedScripts,
    /// Letters that imitate ASCII ones.
    #[error("letters that look like others")]
    LookAlike,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_addresses_and_account_names() {
        let name = SignInName::parse(" WMoran@Fabrikam.COM. ").unwrap();
        assert_eq!(name.key(), "wmoran@fabrikam.com");
        assert_eq!(name, SignInName::parse("wmoran@fabrikam.com").unwrap());
        assert_eq!(name.as_address().unwrap().local(), "WMoran");
        let name = SignInName::parse("WMoran").unwrap();
        assert_eq!((name.key().as_str(), name.as_address()), ("wmoran", None));
        assert_eq!(
            SignInName::parse("o'brien+x!#$%&*/=?^_`{|}~-@fabrikam.com")
                .unwrap()
                .to_string(),
            "o'brien+x!#$%&*/=?^_`{|}~-@fabrikam.com"
        );
    }

    #[test]
    fn refuses_the_rest() {
        use NameError::{
            Character, Domain, Empty, Local, LookAlike, MixedScripts, NotNormalized, Shape, TooLong,
        };
        for (text, error) in [
            ("", Empty),
            ("   ", Empty),
            ("@fabrikam.com", Local),
            ("wmoran@", Domain),
            ("wmoran@fabrikam", Domain),
            ("w moran@fabrikam.com", Local),
            ("wmoran\n@fabrikam.com", Local),
            ("wmoran@fabrikam.com\n", Domain),
            ("wmoran\0@fabrikam.com", Local),
            ("a@b@fabrikam.com", Local),
            ("\"a b\"@fabrikam.com", Local),
            (".a@fabrikam.com", Local),
            ("a.@fabrikam.com", Local),
            ("a..b@fabrikam.com", Local),
            ("a(b)@fabrikam.com", Local),
            ("a\\b@fabrikam.com", Local),
            ("a,b@fabrikam.com", Local),
            ("wmoran@fabrikam.com)(mail=*", Domain),
            ("*@*", Domain),
            ("wmoran@[10.0.0.1]", Domain),
            ("wmoran@fabr\u{131}kam.com", LookAlike),
            ("wmoran@xn--fabrkam-ufb.com", LookAlike),
            ("wmоran@fabrikam.com", MixedScripts),
            ("mu\u{308}ller@fabrikam.com", NotNormalized),
            ("wmoran\u{202e}@fabrikam.com", Character),
            ("wmoran@fabrikam\u{202e}.com", Character),
            ("wmoran\u{a0}@fabrikam.com", Character),
            ("CORP\\wmoran", Shape),
            ("wmoran*", Shape),
            ("wmo\tran", Shape),
            ("a-name-of-more-than-20", Shape),
            ("wmoran.", Shape),
            ("wm\u{200b}oran", Character),
        ] {
            assert_eq!(SignInName::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(SignInName::parse(&"a".repeat(10_240)), Err(TooLong));
        let long = format!("{}@{}.com", "a".repeat(65), "b".repeat(20));
        assert_eq!(SignInName::parse(&long), Err(Local));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            if let Ok(name) = SignInName::parse(&text) {
                prop_assert!(!name.key().chars().any(char::is_control));
            }
        }
    }
}
