//! The Response: what carries the assertion. Nobody signed it, so it decides nothing about who
//! signs in.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    entra::{Aadsts, Demand, Refusal},
    xml::{self, Element, Limits},
};

use super::{
    super::{
        DS, count, read_instant,
        sequence::{at_most_one, attribute, check_children, one, text},
        shown,
    },
    SAML, SAMLP,
};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const NO_AUTHN_CONTEXT: &str = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext";

/// Base64 and XML undone.
pub(super) fn decode(saml_response: &str) -> Result<Element, Refusal> {
    let limits = Limits::default();
    let refuse = |detail: String| Aadsts::InvalidXml.refuse(detail);
    // Base64 is a third longer than what it stands for, and may be broken into lines.
    if saml_response.len() > limits.bytes.saturating_mul(2) {
        return Err(refuse(format!(
            "SAMLResponse has {} characters.",
            saml_response.len()
        )));
    }
    let compact: String = saml_response.split([' ', '\t', '\r', '\n']).collect();
    let octets = STANDARD
        .decode(compact)
        .map_err(|error| refuse(format!("SAMLResponse is not base64: {error}.")))?;
    xml::read(&octets, &limits)
        .map_err(|error| refuse(format!("SAMLResponse is not XML as it must be: {error}.")))
}

/// A Response whose outline is right.
pub(super) struct Envelope<'d> {
    response: &'d Element,
    pub(super) in_response_to: Option<&'d str>,
    pub(super) destination: Option<&'d str>,
}

impl<'d> Envelope<'d> {
    /// Takes a document for a Response.
    pub(super) fn of(response: &'d Element) -> Result<Self, Refusal> {
        if !response.is(SAMLP, "Response") {
            return Err(Aadsts::InvalidSamlToken.refuse(format!(
                "The document is {} of namespace {}, not a SAML 2.0 Response.",
                response.local_name(),
                shown(response.namespace())
            )));
        }
        let version = attribute(response, "Version")?;
        if version != "2.0" {
            return Err(Aadsts::InvalidSamlToken.refuse(format!(
                "The Response's Version is {}, not 2.0.",
                shown(version)
            )));
        }
        attribute(response, "ID")?;
        read_instant(
            "The Response's IssueInstant",
            attribute(response, "IssueInstant")?,
        )?;
        Ok(Self {
            response,
            in_response_to: response.attribute("InResponseTo"),
            destination: response.attribute("Destination"),
        })
    }

    pub(super) fn element(&self) -> &'d Element {
        self.response
    }

    pub(super) fn is_signed(&self) -> bool {
        self.response
            .elements()
            .any(|child| child.is(DS, "Signature"))
    }

    /// Refuses every status but success, with what it says. An identity provider that has no class to
    /// answer with, where a second factor is demanded, has said that there was none.
    pub(super) fn status(&self, demand: Demand) -> Result<(), Refusal> {
        let status = one(self.response, SAMLP, "Status")?;
        let code = one(status, SAMLP, "StatusCode")?;
        let value = attribute(code, "Value")?;
        if value == SUCCESS {
            return Ok(());
        }
        let mut said = vec![shown(value)];
        let mut refused_with = Aadsts::AssertionNotPresent;
        if let Some(second) = at_most_one(code, SAMLP, "StatusCode")? {
            let second = attribute(second, "Value")?;
            if demand.mfa && second == NO_AUTHN_CONTEXT {
                refused_with = Aadsts::SecondFactorMissing;
            }
            said.push(shown(second));
        }
        if let Some(message) = at_most_one(status, SAMLP, "StatusMessage")? {
            said.push(shown(text(message)?));
        }
        let said = said.join(", ");
        Err(refused_with.refuse(format!("The identity provider answers {said}.")))
    }

    /// The one assertion, and no other in any corner of the document.
    pub(super) fn only_assertion(&self) -> Result<&'d Element, Refusal> {
        let refuse = |detail: &str| Err(Aadsts::AssertionNotPresent.refuse(detail));
        if has(self.response, "EncryptedAssertion") {
            return refuse("The assertion is encrypted; Entra cannot decrypt it.");
        }
        check_children(
            self.response,
            &[
                (SAML, "Issuer"),
                (DS, "Signature"),
                (SAMLP, "Extensions"),
                (SAMLP, "Status"),
                (SAML, "Assertion"),
            ],
            0,
        )?;
        let everywhere = count(self.response, &|element| element.is(SAML, "Assertion"));
        if everywhere > 1 {
            return Err(Aadsts::InvalidSamlToken.refuse(format!(
                "There are {everywhere} assertions in the document: which one would be meant?"
            )));
        }
        // A signature is a child of what it signs; anywhere else it is somebody's trick.
        let signatures = count(self.response, &|element| element.is(DS, "Signature"));
        let assertion = at_most_one(self.response, SAML, "Assertion")?;
        let in_place = [Some(self.response), assertion]
            .into_iter()
            .flatten()
            .flat_map(Element::elements)
            .filter(|child| child.is(DS, "Signature"))
            .count();
        if signatures != in_place {
            return Err(Aadsts::InvalidSamlToken
                .refuse("There is a signature elsewhere than in the Response or its Assertion."));
        }
        match assertion {
            Some(assertion) => Ok(assertion),
            None => refuse("The Response holds no Assertion."),
        }
    }

    /// The Response's own Issuer may be left out; where it is, it is the assertion's.
    pub(super) fn issuer_agrees(&self, issuer: &str) -> Result<(), Refusal> {
        let Some(element) = at_most_one(self.response, SAML, "Issuer")? else {
            return Ok(());
        };
        let own = text(element)?;
        if own == issuer {
            return Ok(());
        }
        Err(Aadsts::InvalidSamlToken.refuse(format!(
            "The Response's Issuer is {}, its Assertion's {}.",
            shown(own),
            shown(issuer)
        )))
    }
}

fn has(parent: &Element, local: &str) -> bool {
    parent.elements().any(|child| child.is(SAML, local))
}
