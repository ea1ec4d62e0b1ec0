use time::{Duration, OffsetDateTime};

use crate::{
    keys::VerifyingKey,
    saml2::{
        ReceivedResponse,
        names::{ASSERTION, DSIG, PROTOCOL},
        parse_timestamp,
        status::SUCCESS,
    },
    xml::{Element, SignaturePolicy, VerifiedElement, verify_enveloped},
};

use super::{AnswerError, ProvenSubject, Refusal, error::shortened};

/// What an answer must fit.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedAnswer<'a> {
    /// The entity ID of the identity provider that was asked.
    pub issuer: &'a str,
    /// Our entity ID as a service provider.
    pub audience: &'a str,
    /// Our address, to which it was sent.
    pub recipient: &'a str,
    /// The request's `ID`.
    pub request_id: &'a str,
    /// When it was asked.
    pub asked_at: OffsetDateTime,
    /// Whether the person had to prove who she is anew.
    pub fresh: bool,
    /// Now.
    pub now: OffsetDateTime,
    /// How far the identity provider's clock may be off.
    pub clock_skew: Duration,
}

impl ReceivedResponse {
    /// Checks an answer to our request by the rules of web single sign-on (SAML profiles 4.1.4.3), and
    /// gives what it proves.
    ///
    /// The Response must be signed by one of `keys`, or its one assertion must; a signature that is
    /// there must hold. What is given was read from what a signature covers.
    ///
    /// Whether the assertion came before is for the caller to see to, by
    /// [`ProvenSubject::assertion_id`].
    ///
    /// # Errors
    /// [`AnswerError`], for an answer that says no, too.
    pub fn authenticate_answer(
        self,
        keys: &[VerifyingKey],
        expected: &ExpectedAnswer<'_>,
    ) -> Result<ProvenSubject, AnswerError> {
        let root = self.0.root;
        if !root.is(PROTOCOL, "Response") {
            return Err(AnswerError::NotResponse);
        }
        let whole = verified(&root, "Response", keys)?;
        let response = whole.as_deref().unwrap_or(&root);
        check_head(response, whole.is_some(), expected)?;
        check_status(response)?;

        let assertion = the_assertion(response)?;
        let alone = verified(assertion, "assertion", keys)?;
        let assertion = match (&alone, &whole) {
            (Some(alone), _) => alone.element(),
            // Covered by the signature around it.
            (None, Some(_)) => assertion,
            (None, None) => return Err(AnswerError::Unsigned),
        };
        ProvenSubject::read(assertion, expected)
    }
}

/// `None` for an element without a signature. SHA-1 is not admitted: here a forged signature would sign
/// anybody in.
fn verified(
    element: &Element,
    what: &'static str,
    keys: &[VerifyingKey],
) -> Result<Option<VerifiedElement>, AnswerError> {
    if !element.elements().any(|child| child.is(DSIG, "Signature")) {
        return Ok(None);
    }
    let keys: Vec<_> = keys.iter().collect();
    verify_enveloped(element, &keys, &SignaturePolicy::SHA2)
        .map(Some)
        .map_err(|cause| AnswerError::Signature(what, cause))
}

/// The attributes of the Response and who sent it (SAML core 3.2.2).
fn check_head(
    response: &Element,
    is_signed: bool,
    expected: &ExpectedAnswer<'_>,
) -> Result<(), AnswerError> {
    const NAME: &str = "Response";
    if response.attribute("Version") != Some("2.0") {
        return Err(AnswerError::Version);
    }
    check_issued(response, expected)?;
    if let Some(issuer) = response.only_child(ASSERTION, "Issuer")? {
        check_issuer(issuer, NAME, expected)?;
    }
    // A signed one must have it (SAML bindings 3.5.5.2).
    match response.attribute("Destination") {
        Some(destination) if destination == expected.recipient => {}
        None if !is_signed => {}
        other => {
            let found = shortened(other.unwrap_or_default());
            return Err(AnswerError::Address(NAME, found));
        }
    }
    if response.attribute("InResponseTo") != Some(expected.request_id) {
        return Err(AnswerError::InResponseTo(NAME));
    }
    Ok(())
}

/// What is an answer was made after the question, and not in the future.
pub(super) fn check_issued(
    element: &Element,
    expected: &ExpectedAnswer<'_>,
) -> Result<(), AnswerError> {
    const NAME: &str = "IssueInstant";
    let issued = element.attribute(NAME).and_then(parse_timestamp);
    let issued = issued.ok_or(AnswerError::Malformed(NAME))?;
    if issued - expected.now > expected.clock_skew {
        return Err(AnswerError::Early(NAME));
    }
    if expected.asked_at - issued > expected.clock_skew {
        return Err(AnswerError::Expired(NAME));
    }
    Ok(())
}

/// An `Issuer` is an entity ID, whether it says so or not (SAML core 8.3.6).
pub(super) fn check_issuer(
    issuer: &Element,
    what: &'static str,
    expected: &ExpectedAnswer<'_>,
) -> Result<(), AnswerError> {
    const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
    let is_entity = matches!(issuer.attribute("Format"), None | Some(ENTITY));
    match issuer.text().map(str::trim) {
        Some(name) if is_entity && name == expected.issuer => Ok(()),
        name => {
            let found = shortened(name.unwrap_or_default());
            Err(AnswerError::Issuer(what, found))
        }
    }
}

fn check_status(response: &Element) -> Result<(), AnswerError> {
    /// Nobody nests them deeper.
    const MOST_CODES: usize = 4;

    let status = response.required_child(PROTOCOL, "Status")?;
    let mut codes = Vec::new();
    let mut place = status;
    while let Some(code) = place.only_child(PROTOCOL, "StatusCode")? {
        if codes.len() == MOST_CODES {
            break;
        }
        codes.push(code.attribute("Value").unwrap_or_default());
        place = code;
    }
    match codes.first() {
        Some(&SUCCESS) => Ok(()),
        Some(_) => {
            let message = status.only_child(PROTOCOL, "StatusMessage")?;
            let message = message.and_then(Element::text).map(str::trim);
            let message = message.filter(|text| !text.is_empty()).map(shortened);
            Err(AnswerError::Refused(Refusal {
                codes: codes.into_iter().map(shortened).collect(),
                message,
            }))
        }
        None => Err(AnswerError::Malformed("StatusCode")),
    }
}

/// The one assertion, a direct child of the Response. What stands elsewhere is not looked for.
fn the_assertion(response: &Element) -> Result<&Element, AnswerError> {
    if response
        .elements()
        .any(|child| child.is(ASSERTION, "EncryptedAssertion"))
    {
        return Err(AnswerError::Encrypted("assertion"));
    }
    let mut found = response
        .elements()
        .filter(|child| child.is(ASSERTION, "Assertion"));
    match (found.next(), found.count()) {
        (Some(one), 0) => Ok(one),
        (first, more) => Err(AnswerError::Assertions(usize::from(first.is_some()) + more)),
    }
}
