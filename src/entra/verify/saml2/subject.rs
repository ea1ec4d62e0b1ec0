//! The Subject: whom the assertion is about, and who may present it.

use crate::{
    entra::{Aadsts, Refusal},
    xml::Element,
};

use super::{
    super::{
        Context,
        sequence::{attribute, check_children, one, text},
        shown,
    },
    SAML,
};

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// Entra's bound on the `NameID` (facts 1.4).
const LONGEST_NAME_ID: usize = 64;

pub(super) struct Subject<'e> {
    pub(super) name_id: &'e str,
    pub(super) confirmation: Confirmation<'e>,
}

pub(super) struct Confirmation<'e> {
    data: &'e Element,
}

impl<'e> Subject<'e> {
    pub(super) fn read(assertion: &'e Element) -> Result<Self, Refusal> {
        let subject = one(assertion, SAML, "Subject")?;
        check_children(
            subject,
            &[(SAML, "NameID"), (SAML, "SubjectConfirmation")],
            0,
        )?;
        let confirmation = one(subject, SAML, "SubjectConfirmation")?;
        let method = attribute(confirmation, "Method")?;
        if method != BEARER {
            return Err(Aadsts::InvalidSamlToken.refuse(format!(
                "The subject is confirmed by {}, not bearer.",
                shown(method)
            )));
        }
        check_children(confirmation, &[(SAML, "SubjectConfirmationData")], 0)?;
        let data = one(confirmation, SAML, "SubjectConfirmationData")?;
        Ok(Self {
            name_id: name_id(subject)?,
            confirmation: Confirmation { data },
        })
    }
}

fn name_id(subject: &Element) -> Result<&str, Refusal> {
    let name_id = one(subject, SAML, "NameID")?;
    let refuse = |detail: String| Err(Aadsts::InvalidSamlToken.refuse(detail));
    match name_id.attribute("Format") {
        Some(PERSISTENT) => {}
        Some(other) => return refuse(format!("The NameID's Format is {}.", shown(other))),
        None => return refuse("The NameID has no Format; it must be persistent.".to_owned()),
    }
    let value = text(name_id)?;
    let length = value.chars().count();
    if !(1..=LONGEST_NAME_ID).contains(&length) {
        return refuse(format!(
            "The NameID has {length} characters, not 1 to {LONGEST_NAME_ID}."
        ));
    }
    Ok(value)
}

impl Confirmation<'_> {
    /// SAML profiles 4.1.4.2 and 4.1.4.3.
    pub(super) fn check(&self, request_id: &str, context: &Context<'_>) -> Result<(), Refusal> {
        let refuse = |detail: String| Err(Aadsts::InvalidSamlToken.refuse(detail));
        check_children(self.data, &[], 0)?;
        let expected = &context.expectations.assertion_consumer_service;
        let recipient = attribute(self.data, "Recipient")?;
        if recipient != expected {
            return refuse(format!(
                "Recipient is {}, not {expected}.",
                shown(recipient)
            ));
        }
        let in_response_to = attribute(self.data, "InResponseTo")?;
        if in_response_to != request_id {
            return refuse(format!(
                "The assertion answers the request {}, the Response the request {request_id}.",
                shown(in_response_to)
            ));
        }
        if self.data.attribute("NotBefore").is_some() {
            return refuse(
                "A bearer's SubjectConfirmationData must not have NotBefore.".to_owned(),
            );
        }
        let end = attribute(self.data, "NotOnOrAfter")?;
        context.has_not_ended("The subject confirmation's NotOnOrAfter", end)
    }
}
