//! Under which conditions the assertion holds (SAML core 1.1, 2.3.2.1).

use crate::{
    entra::{Aadsts, Refusal},
    xml::Element,
};

use super::{
    super::{
        Context, read_instant,
        sequence::{attribute, check_children, one, text},
        shown,
    },
    SAML1,
};

pub(super) fn check(assertion: &Element, context: &Context<'_>) -> Result<(), Refusal> {
    let conditions = one(assertion, SAML1, "Conditions")?;
    // What is not understood makes the assertion's validity unknown.
    check_children(
        conditions,
        &[
            (SAML1, "AudienceRestrictionCondition"),
            (SAML1, "DoNotCacheCondition"),
        ],
        2,
    )?;
    let end = attribute(conditions, "NotOnOrAfter")?;
    if let Some(begin) = conditions.attribute("NotBefore") {
        context.has_begun("The conditions' NotBefore", begin)?;
        if read_instant("NotBefore", begin)? >= read_instant("NotOnOrAfter", end)? {
            return Err(Aadsts::InvalidSamlToken.refuse(format!(
                "The conditions begin at {} and end at {}.",
                shown(begin),
                shown(end)
            )));
        }
    }
    context.has_not_ended("The conditions' NotOnOrAfter", end)?;
    check_audience(conditions, &context.expectations.audience)
}

/// Each restriction must name us, and there must be one.
fn check_audience(conditions: &Element, expected: &str) -> Result<(), Refusal> {
    let mut restricted = false;
    for restriction in conditions
        .elements()
        .filter(|it| it.is(SAML1, "AudienceRestrictionCondition"))
    {
        restricted = true;
        check_children(restriction, &[(SAML1, "Audience")], 0)?;
        let named: Vec<&str> = restriction.elements().map(text).collect::<Result<_, _>>()?;
        if !named.contains(&expected) {
            return Err(Aadsts::InvalidSamlToken.refuse(format!(
                "The Audience is {}, not {expected}.",
                shown(&named.join(", "))
            )));
        }
    }
    if restricted {
        return Ok(());
    }
    Err(Aadsts::InvalidSamlToken.refuse(format!(
        "There is no AudienceRestrictionCondition; the Audience must be {expected}."
    )))
}
