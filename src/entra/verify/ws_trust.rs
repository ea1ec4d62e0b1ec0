//! WS-Trust's assertion as an application brings it: alone, as an OAuth grant (facts 3.1).
//!
//! What was round it stayed with the application, so that the assertion must say everything itself,
//! its namespaces too.

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{
    entra::{Aadsts, Refusal},
    xml::{self, Element, Limits},
};

use super::{DS, Judgement, SignedIn, count};

impl Judgement<'_> {
    /// Judges the parameter `assertion` of the grant `saml1_1-bearer`.
    pub(super) fn saml1_grant(&mut self, assertion: &str) -> Result<SignedIn, Refusal> {
        let token = decode(assertion)?;
        self.held("assertion", "base64 of one XML document");
        is_alone(&token)?;
        self.saml1_assertion(&token)
    }
}

/// MSAL for Python sends base64 for URLs without padding, MSAL for .NET the ordinary one.
pub(super) fn decode(assertion: &str) -> Result<Element, Refusal> {
    const ANY_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const FOR_URLS: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, ANY_PADDING);
    const ORDINARY: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, ANY_PADDING);
    let limits = Limits::default();
    let refuse = |detail: String| Aadsts::InvalidXml.refuse(detail);
    if assertion.len() > limits.bytes.saturating_mul(2) {
        return Err(refuse(format!(
            "The parameter assertion has {} characters.",
            assertion.len()
        )));
    }
    let octets = FOR_URLS
        .decode(assertion)
        .or_else(|_| ORDINARY.decode(assertion))
        .map_err(|error| refuse(format!("The parameter assertion is not base64: {error}.")))?;
    xml::read(&octets, &limits).map_err(|error| {
        refuse(format!(
            "The assertion alone is not XML as it must be: {error}."
        ))
    })
}

/// No second assertion hides in it, and no second signature.
pub(super) fn is_alone(token: &Element) -> Result<(), Refusal> {
    if count(token, &|element| element.local_name() == "Assertion") > 0 {
        return Err(Aadsts::InvalidSamlToken
            .refuse("There is an assertion within the assertion: which one would be meant?"));
    }
    let own = token.elements().filter(|child| child.is(DS, "Signature"));
    if count(token, &|element| element.is(DS, "Signature")) != own.count() {
        return Err(Aadsts::InvalidSamlToken
            .refuse("There is a signature elsewhere than in the Assertion."));
    }
    Ok(())
}
