use time::OffsetDateTime;

use crate::{
    saml2::{NamedPerson, names::ASSERTION, parse_timestamp, received::id},
    xml::Element,
};

use super::{
    AnswerError, ExpectedAnswer,
    answer::{check_issued, check_issuer},
    error::shortened,
    subject,
};

/// What an assertion says about a person: signed, for us, for this request, and at this time.
///
/// Whether its issuer may say so about her is not decided here.
#[derive(Clone, Debug)]
pub struct ProvenSubject {
    /// The assertion's `ID`, unique at its issuer.
    pub assertion_id: String,
    /// Until when the assertion could be brought once more. Whoever takes it must remember its ID until
    /// then, and refuse it.
    pub replayable_until: OffsetDateTime,
    /// Her name at the identity provider, where it gives one.
    pub name_id: Option<NamedPerson>,
    /// When she proved who she is.
    pub authn_instant: OffsetDateTime,
    /// `AuthnContextClassRef`: how she did, where it says so.
    pub authn_context: Option<String>,
    /// `SessionIndex`: her session there, where it names one.
    pub session_index: Option<String>,
    /// `SessionNotOnOrAfter`: when a session that begins with this should end, where it says so.
    pub session_until: Option<OffsetDateTime>,
    /// What else it says of her.
    pub attributes: Vec<NamedAttribute>,
}

/// An attribute (SAML core 2.7.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedAttribute {
    /// `Name`.
    pub name: String,
    /// Its values that are text, without the white space around them. Empty ones are left out.
    pub values: Vec<String>,
}

/// Statements of authentication, attributes and values that an honest answer stays below. The
/// message itself is bounded already.
const MOST_ATTRIBUTES: usize = 256;

impl ProvenSubject {
    /// The values of all attributes of this name.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes
            .iter()
            .filter(move |attribute| attribute.name == name)
            .flat_map(|attribute| attribute.values.iter().map(String::as_str))
    }

    /// Reads an assertion that a signature covers, and checks what it says of itself.
    pub(super) fn read(
        assertion: &Element,
        expected: &ExpectedAnswer<'_>,
    ) -> Result<Self, AnswerError> {
        if assertion.attribute("Version") != Some("2.0") {
            return Err(AnswerError::Version);
        }
        let assertion_id = id(assertion, "ID")?;
        check_issued(assertion, expected)?;
        let issuer = assertion.required_child(ASSERTION, "Issuer")?;
        check_issuer(issuer, "assertion", expected)?;
        let confirmed = subject::read(assertion.required_child(ASSERTION, "Subject")?, expected)?;
        check_conditions(assertion.required_child(ASSERTION, "Conditions")?, expected)?;
        let statement = Statement::read(assertion, expected)?;
        Ok(Self {
            assertion_id,
            replayable_until: confirmed.until + expected.clock_skew,
            name_id: confirmed.name_id,
            authn_instant: statement.authn_instant,
            authn_context: statement.authn_context,
            session_index: statement.session_index,
            session_until: statement.session_until,
            attributes: attributes(assertion)?,
        })
    }
}

/// SAML core 2.5.1. Each condition must hold, and each must be understood.
fn check_conditions(
    conditions: &Element,
    expected: &ExpectedAnswer<'_>,
) -> Result<(), AnswerError> {
    check_times(conditions, expected)?;
    let mut is_for_us = false;
    for condition in conditions.elements() {
        if condition.is(ASSERTION, "AudienceRestriction") {
            check_audience(condition, expected)?;
            is_for_us = true;
        } else if condition.is(ASSERTION, "ProxyRestriction") {
            check_proxying(condition)?;
        } else if !condition.is(ASSERTION, "OneTimeUse") {
            // Once is as often as an assertion is ever used here.
            return Err(AnswerError::Condition(shortened(condition.local_name())));
        }
    }
    // The profile demands one (SAML profiles 4.1.4.2).
    if is_for_us {
        Ok(())
    } else {
        Err(AnswerError::Audience(String::new()))
    }
}

/// `NotBefore` and `NotOnOrAfter`, where they are. Gives the latter.
pub(super) fn check_times(
    element: &Element,
    expected: &ExpectedAnswer<'_>,
) -> Result<Option<OffsetDateTime>, AnswerError> {
    const FROM: &str = "NotBefore";
    const UNTIL: &str = "NotOnOrAfter";
    if let Some(from) = instant(element, FROM)?
        && from - expected.now > expected.clock_skew
    {
        return Err(AnswerError::Early(FROM));
    }
    let until = instant(element, UNTIL)?;
    if let Some(until) = until
        && expected.now - until >= expected.clock_skew
    {
        return Err(AnswerError::Expired(UNTIL));
    }
    Ok(until)
}

/// One audience of several must be ours; of several restrictions, each one must name us.
fn check_audience(restriction: &Element, expected: &ExpectedAnswer<'_>) -> Result<(), AnswerError> {
    let audiences: Vec<_> = restriction
        .elements()
        .filter(|child| child.is(ASSERTION, "Audience"))
        .map(|audience| audience.text().unwrap_or_default().trim())
        .collect();
    if audiences.contains(&expected.audience) {
        return Ok(());
    }
    Err(AnswerError::Audience(shortened(&audiences.join(" "))))
}

/// We assert to relying parties what is asserted to us: one more step than none, to audiences that the
/// identity provider does not know.
fn check_proxying(restriction: &Element) -> Result<(), AnswerError> {
    let steps = restriction.attribute("Count").map(str::trim);
    let steps: Option<u32> = steps.map(|count| count.parse().unwrap_or(0));
    if steps == Some(0) || restriction.elements().next().is_some() {
        return Err(AnswerError::ProxyRestriction);
    }
    Ok(())
}

/// What `AuthnStatement` says (SAML core 2.7.2).
struct Statement {
    authn_instant: OffsetDateTime,
    authn_context: Option<String>,
    session_index: Option<String>,
    session_until: Option<OffsetDateTime>,
}

impl Statement {
    /// There must be one. Two would say two things about one sign-in.
    fn read(assertion: &Element, expected: &ExpectedAnswer<'_>) -> Result<Self, AnswerError> {
        const INSTANT: &str = "AuthnInstant";
        const UNTIL: &str = "SessionNotOnOrAfter";
        let statement = assertion.required_child(ASSERTION, "AuthnStatement")?;
        let authn_instant = instant(statement, INSTANT)?.ok_or(AnswerError::Malformed(INSTANT))?;
        if authn_instant - expected.now > expected.clock_skew {
            return Err(AnswerError::Early(INSTANT));
        }
        if expected.fresh && expected.asked_at - authn_instant > expected.clock_skew {
            return Err(AnswerError::NotFresh);
        }
        let session_until = instant(statement, UNTIL)?;
        if session_until.is_some_and(|until| until <= expected.now) {
            return Err(AnswerError::Expired(UNTIL));
        }
        let context = statement.required_child(ASSERTION, "AuthnContext")?;
        let class = context.only_child(ASSERTION, "AuthnContextClassRef")?;
        let class = class.map(|class| {
            class
                .text()
                .ok_or(AnswerError::Malformed("AuthnContextClassRef"))
        });
        Ok(Self {
            authn_instant,
            authn_context: class.transpose()?.map(|class| class.trim().to_owned()),
            session_index: statement.attribute("SessionIndex").map(str::to_owned),
            session_until,
        })
    }
}

fn attributes(assertion: &Element) -> Result<Vec<NamedAttribute>, AnswerError> {
    const NAME: &str = "Attribute";
    let statements = assertion
        .elements()
        .filter(|child| child.is(ASSERTION, "AttributeStatement"));
    let mut found = Vec::new();
    for attribute in statements.flat_map(Element::elements) {
        if attribute.is(ASSERTION, "EncryptedAttribute") {
            return Err(AnswerError::Encrypted("attribute"));
        }
        if !attribute.is(ASSERTION, NAME) || found.len() == MOST_ATTRIBUTES {
            return Err(AnswerError::Malformed(NAME));
        }
        let name = attribute.attribute("Name");
        // Values with elements inside, such as eduPersonTargetedID's, are none that are read here.
        let values = attribute
            .elements()
            .filter(|child| child.is(ASSERTION, "AttributeValue"))
            .filter_map(|value| value.text().map(str::trim))
            .filter(|value| !value.is_empty());
        found.push(NamedAttribute {
            name: name.ok_or(AnswerError::Malformed(NAME))?.to_owned(),
            values: values.map(str::to_owned).collect(),
        });
    }
    Ok(found)
}

fn instant(element: &Element, name: &'static str) -> Result<Option<OffsetDateTime>, AnswerError> {
    element
        .attribute(name)
        .map(|text| parse_timestamp(text).ok_or(AnswerError::Malformed(name)))
        .transpose()
}
