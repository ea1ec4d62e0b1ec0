use time::OffsetDateTime;

use crate::{
    keys::Signer,
    saml1,
    saml2::{self, format_timestamp},
    xml::{CanonicalWriter, WriteError},
};

use super::names::{t, wsa, wsp, wsu};

const ISSUE: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust/Issue";
const NO_PROOF_KEY: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey";

/// The answer to a request to sign somebody in: `wresult`, a `RequestSecurityTokenResponse` of
/// February 2005.
#[derive(Clone, Debug)]
pub struct SignInResponse<'a> {
    /// The realm that asked.
    pub applies_to: &'a str,
    /// What it gets.
    pub token: Token<'a>,
}

/// A token, not signed yet.
#[derive(Clone, Debug)]
pub enum Token<'a> {
    /// What Entra and most relying parties of AD FS read.
    Saml1(saml1::Assertion<'a>),
    /// For relying parties that want it.
    Saml2(saml2::Assertion<'a>),
}

impl SignInResponse<'_> {
    /// Writes it, with the token signed on its own. Around the token nothing is signed: nobody reads
    /// anything from there.
    pub fn to_signed_xml(&self, signer: &Signer) -> Result<String, WriteError> {
        let mut writer = CanonicalWriter::new();
        writer.open(t("RequestSecurityTokenResponse"), &[]);
        let (created, expires) = self.token.lifetime();
        writer.open(t("Lifetime"), &[]);
        writer.leaf(wsu("Created"), &[], &format_timestamp(created));
        writer.leaf(wsu("Expires"), &[], &format_timestamp(expires));
        writer.close();
        writer.open(wsp("AppliesTo"), &[]);
        writer.open(wsa("EndpointReference"), &[]);
        writer.leaf(wsa("Address"), &[], self.applies_to);
        writer.close();
        writer.close();
        writer.open(t("RequestedSecurityToken"), &[]);
        match &self.token {
            Token::Saml1(assertion) => assertion.write_signed(&mut writer, signer),
            Token::Saml2(assertion) => assertion.write_signed(&mut writer, signer),
        }
        writer.close();
        writer.leaf(t("TokenType"), &[], self.token.token_type());
        writer.leaf(t("RequestType"), &[], ISSUE);
        writer.leaf(t("KeyType"), &[], NO_PROOF_KEY);
        writer.close();
        writer.finish()
    }
}

impl Token<'_> {
    fn lifetime(&self) -> (OffsetDateTime, OffsetDateTime) {
        match self {
            Self::Saml1(assertion) => (assertion.issue_instant, assertion.not_on_or_after),
            Self::Saml2(assertion) => (assertion.issue_instant, assertion.not_on_or_after),
        }
    }

    fn token_type(&self) -> &'static str {
        match self {
            Self::Saml1(_) => saml1::TOKEN_TYPE,
            Self::Saml2(_) => saml2::TOKEN_TYPE,
        }
    }
}
