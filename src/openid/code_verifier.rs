use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

/// The secret that ties a code to whoever asked for it (PKCE, RFC 7636 4.1).
#[derive(Clone, PartialEq, Eq)]
pub struct CodeVerifier(String);

impl CodeVerifier {
    /// From 32 octets that nobody can foresee (RFC 7636 7.1).
    pub fn new(random: [u8; 32]) -> Self {
        Self(BASE64.encode(random))
    }

    /// As it was written down when it was made.
    pub fn kept(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What is shown to the token endpoint.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is shown before, by the method `S256` (RFC 7636 4.2).
    pub fn challenge(&self) -> String {
        BASE64.encode(digest(&SHA256, self.0.as_bytes()))
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeVerifier")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_b() {
        let verifier = CodeVerifier::kept("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(
            verifier.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn a_new_one_is_as_long_as_the_rfc_wants_it() {
        let verifier = CodeVerifier::new([0xfb; 32]);
        assert_eq!(verifier.as_str().len(), 43);
        assert_eq!(format!("{verifier:?}"), "CodeVerifier");
    }
}
