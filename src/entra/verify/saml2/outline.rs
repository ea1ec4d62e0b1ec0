//! The assertion's outline: where it comes from, and what it consists of.

use crate::{
    entra::{Aadsts, Refusal},
    xml::Element,
};

use super::{
    super::{
        Context,
        issuer::unknown_realm,
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
pub(super) fn check(
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
