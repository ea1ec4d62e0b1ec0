//! Of whom an assertion speaks, and how it is known that she brought it herself.

use time::OffsetDateTime;

use crate::{
    saml2::{
        NamedPerson,
        names::{ASSERTION, BEARER},
    },
    xml::Element,
};

use super::{AnswerError, ExpectedAnswer, assertion::check_times, error::shortened};

/// A subject that a bearer confirms (SAML profiles 4.1.4.2 and 4.1.4.3).
pub(super) struct Confirmed {
    pub(super) name_id: Option<NamedPerson>,
    pub(super) until: OffsetDateTime,
}

/// One confirmation by bearer must hold; where none does, the first one's problem is told.
pub(super) fn read(
    subject: &Element,
    expected: &ExpectedAnswer<'_>,
) -> Result<Confirmed, AnswerError> {
    if subject
        .elements()
        .any(|child| child.is(ASSERTION, "EncryptedID"))
    {
        return Err(AnswerError::Encrypted("name"));
    }
    let name_id = match subject.only_child(ASSERTION, "NameID")? {
        Some(_) => Some(NamedPerson::read(subject)?),
        None => None,
    };
    let mut problem = AnswerError::NoBearer;
    for confirmation in subject.elements().filter(|child| is_bearer(child)) {
        match confirmed_until(confirmation, expected) {
            Ok(until) => return Ok(Confirmed { name_id, until }),
            Err(error) if matches!(problem, AnswerError::NoBearer) => problem = error,
            Err(_) => {}
        }
    }
    Err(problem)
}

fn is_bearer(element: &Element) -> bool {
    element.is(ASSERTION, "SubjectConfirmation") && element.attribute("Method") == Some(BEARER)
}

fn confirmed_until(
    confirmation: &Element,
    expected: &ExpectedAnswer<'_>,
) -> Result<OffsetDateTime, AnswerError> {
    const NAME: &str = "SubjectConfirmationData";
    let data = confirmation.required_child(ASSERTION, NAME)?;
    if data.attribute("InResponseTo") != Some(expected.request_id) {
        return Err(AnswerError::InResponseTo("assertion"));
    }
    let recipient = data.attribute("Recipient").unwrap_or_default();
    if recipient != expected.recipient {
        return Err(AnswerError::Address("assertion", shortened(recipient)));
    }
    // Whoever says from when on it holds means something else than a bearer.
    if data.attribute("NotBefore").is_some() {
        return Err(AnswerError::Malformed(NAME));
    }
    check_times(data, expected)?.ok_or(AnswerError::Malformed(NAME))
}
