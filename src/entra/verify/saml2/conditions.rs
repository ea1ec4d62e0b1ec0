//! The assertion's frame: its issuer, what it consists of, and under which conditions it holds.

use crate::{
    entra::{Aadsts, Refusal},
    xml::Element,
};

use super::{
    super::{
        Context,
        issuer::unknown_realm,
        read_instant,
        sequence::{attribute, check_children, one, text},
        shown,
    },
    SAML,
};

const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

/// What the assertion says about where it comes from.
pub(super) fn issuer_of(assertion: &Element) -> Result<&str, Refusal> {
    let issuer = one(assertion, SAML, "Issuer")?;
    match issuer.attribute("Format") {
        None | Some(ENTITY) => text(issuer),
        Some(other) => Err(Aadsts::InvalidSamlToken.refuse(format!(
            "The Issuer's Format is {}, not entity.",
            shown(other)
        ))),
    }
}

/// Version, times, issuer, and that there is nothing in the assertion that is not understood.
pub(super) fn check_outline(
    assertion: &Element,
    issuer: &str,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    let version = attribute(assertion, "Version")?;
    if version != "2.0" {
        return Err(Aadsts::InvalidSamlToken.refuse(format!(
            "The Assertion's Version is {}, not 2.0.",
            shown(version)
        )));
    }
    context.has_begun(
        "The Assertion's IssueInstant",
        attribute(assertion, "IssueInstant")?,
    )?;
    check_children(
        assertion,
        &[
            (SAML, "Issuer"),
            (SAML, "Subject"),
            (SAML, "Conditions"),
            // May be ignored by whoever does not understand it (SAML core 2.6.1).
            (SAML, "Advice"),
            (SAML, "AttributeStatement"),
            (SAML, "AuthnStatement"),
        ],
        2,
    )?;
    // The same element that the certificate was chosen by, as long as the verifier hands out what
    // it was asked about. Should that ever change, nobody signs in by it.
    let signed_issuer = issuer_of(assertion)?;
    if signed_issuer != issuer {
        return Err(unknown_realm(
            signed_issuer,
            "The signed Issuer is another one.".to_owned(),
        ));
    }
    Ok(())
}

/// Conditions of SAML core 2.5.
pub(super) fn check(assertion: &Element, context: &Context<'_>) -> Result<(), Refusal> {
    let conditions = one(assertion, SAML, "Conditions")?;
    // What is not understood makes the assertion's validity unknown (SAML core 2.5.1.1).
    check_children(
        conditions,
        &[
            (SAML, "AudienceRestriction"),
            (SAML, "OneTimeUse"),
            (SAML, "ProxyRestriction"),
        ],
        3,
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

/// Each restriction must name us (SAML core 2.5.1.4), and there must be one.
fn check_audience(conditions: &Element, expected: &str) -> Result<(), Refusal> {
    let mut restricted = false;
    for restriction in conditions
        .elements()
        .filter(|it| it.is(SAML, "AudienceRestriction"))
    {
        restricted = true;
        check_children(restriction, &[(SAML, "Audience")], 0)?;
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
        "There is no AudienceRestriction; the Audience must be {expected}."
    )))
}
