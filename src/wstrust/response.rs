use time::{Duration, OffsetDateTime};

use crate::{
    keys::Signer,
    saml1::{Assertion, TOKEN_TYPE},
    saml2::format_timestamp,
    xml::{CanonicalWriter, Name, WriteError},
};

use super::{
    Version,
    names::{SAML11_ASSERTION_ID, soap, wsa, wsp, wsse, wsu},
};

/// A message with a token (`RequestSecurityTokenResponse`, in 1.3 within a collection).
///
/// MSAL for Python takes the token out by a regular expression over the text, and so needs
/// prefixes of letters and digits, each of these elements there once, and no white space around
/// the token, which is to declare its namespaces itself. MSAL for .NET reads the elements
/// below the first response of the version that it asked for, and in 1.3 demands the collection.
/// Both demand the `TokenType`.
#[derive(Clone, Copy, Debug)]
pub struct TokenResponse<'a> {
    /// The version of the endpoint.
    pub version: Version,
    /// The message that it answers.
    pub relates_to: &'a str,
    /// The request's context, to be said again.
    pub context: Option<&'a str>,
    /// Who the token is for, as the request named it.
    pub applies_to: &'a str,
    /// The token.
    pub assertion: Assertion<'a>,
}

/// How long the message itself may travel (`IncludeTimestamp` of the policy in the MEX document).
const MESSAGE_LIFETIME: Duration = Duration::minutes(5);

impl TokenResponse<'_> {
    /// Writes the message, in which the assertion is signed on its own.
    ///
    /// # Errors
    /// When a value holds what XML cannot, or the assertion cannot be signed.
    pub fn to_signed_xml(&self, signer: &Signer) -> Result<String, WriteError> {
        let trust = |local| self.version.trust(local);
        let mut writer = CanonicalWriter::new();
        writer.open(soap("Envelope"), &[]);
        self.write_header(&mut writer);
        writer.open(soap("Body"), &[]);
        if self.version == Version::V13 {
            writer.open(trust("RequestSecurityTokenResponseCollection"), &[]);
        }
        let context = self
            .context
            .map(|context| (Name::plain("Context"), context));
        writer.open(trust("RequestSecurityTokenResponse"), context.as_slice());
        writer.open(trust("Lifetime"), &[]);
        write_times(
            &mut writer,
            self.assertion.not_before,
            self.assertion.not_on_or_after,
        );
        writer.close();
        writer.open(wsp("AppliesTo"), &[]);
        writer.open(wsa("EndpointReference"), &[]);
        writer.leaf(wsa("Address"), &[], self.applies_to);
        writer.close();
        writer.close();
        writer.open(trust("RequestedSecurityToken"), &[]);
        self.assertion.write_signed(&mut writer, signer);
        writer.close();
        for reference in ["RequestedAttachedReference", "RequestedUnattachedReference"] {
            writer.open(trust(reference), &[]);
            writer.open(wsse("SecurityTokenReference"), &[]);
            let kind = [(Name::plain("ValueType"), SAML11_ASSERTION_ID)];
            writer.leaf(wsse("KeyIdentifier"), &kind, self.assertion.id);
            writer.close();
            writer.close();
        }
        writer.leaf(trust("TokenType"), &[], TOKEN_TYPE);
        writer.leaf(trust("RequestType"), &[], self.version.issue());
        writer.leaf(trust("KeyType"), &[], self.version.bearer());
        writer.close();
        if self.version == Version::V13 {
            writer.close();
        }
        writer.close();
        writer.close();
        writer.finish()
    }

    fn write_header(&self, writer: &mut CanonicalWriter) {
        let must = [(soap("mustUnderstand"), "1")];
        writer.open(soap("Header"), &[]);
        writer.leaf(wsa("Action"), &must, self.version.response_action());
        writer.leaf(wsa("RelatesTo"), &[], self.relates_to);
        writer.open(wsse("Security"), &must);
        writer.open(wsu("Timestamp"), &[(wsu("Id"), "_0")]);
        let issued = self.assertion.issue_instant;
        write_times(writer, issued, issued + MESSAGE_LIFETIME);
        writer.close();
        writer.close();
        writer.close();
    }
}

fn write_times(writer: &mut CanonicalWriter, created: OffsetDateTime, expires: OffsetDateTime) {
    writer.leaf(wsu("Created"), &[], &format_timestamp(created));
    writer.leaf(wsu("Expires"), &[], &format_timestamp(expires));
}
