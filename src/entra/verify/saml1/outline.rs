//! The assertion's frame: what kind it is, what it consists of, and where its signature stands.

use crate::{
    entra::{Aadsts, Refusal},
    xml::Element,
};

use super::{
    super::{
        Context,
        issuer::unknown_realm,
        sequence::{attribute, check_children},
        shown,
    },
    DS, SAML1, SAML2,
};

/// Refuses another token, in the words that Entra was seen to use for one of SAML 2.0.
pub(super) fn is_saml1(token: &Element) -> Result<(), Refusal> {
    if token.is(SAML1, "Assertion") {
        return Ok(());
    }
    let (local, namespace) = (token.local_name(), token.namespace());
    let namespace: String = namespace.chars().take(200).collect();
    let detail = if token.is(SAML2, "Assertion") {
        "The token is a SAML 2.0 assertion. With WS-Federation and WS-Trust Entra reads those of \
         SAML 1.1."
            .to_owned()
    } else {
        format!("The token is {local}, not a SAML 1.1 assertion.")
    };
    Err(Aadsts::InvalidSamlToken.refuse_saying(
        format!(
            "Cannot read SecurityToken. Expected element is (Assertion, {SAML1}) the actual element \
             is ({local}, {namespace})."
        ),
        detail,
    ))
}

/// The schema of SAML 1.1 wants the signature behind everything else, unlike that of SAML 2.0 (core
/// 1.1, 2.3.2). `assertion` is the element as it came: what was verified has no signature.
pub(super) fn signature_is_last(assertion: &Element) -> Result<(), Refusal> {
    let last = assertion.elements().last();
    if last.is_some_and(|last| last.is(DS, "Signature")) {
        return Ok(());
    }
    Err(Aadsts::InvalidSamlToken
        .refuse("The Signature is not the Assertion's last child, where SAML 1.1 has it."))
}

/// Version, times, issuer, and that there is nothing in the assertion that is not understood.
pub(super) fn check(
    assertion: &Element,
    issuer: &str,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    for (name, expected) in [("MajorVersion", "1"), ("MinorVersion", "1")] {
        let version = attribute(assertion, name)?;
        if version != expected {
            return Err(Aadsts::InvalidSamlToken.refuse(format!(
                "The Assertion's {name} is {}, not {expected}.",
                shown(version)
            )));
        }
    }
    context.has_begun(
        "The Assertion's IssueInstant",
        attribute(assertion, "IssueInstant")?,
    )?;
    check_children(
        assertion,
        &[
            (SAML1, "Conditions"),
            // May be ignored by whoever does not understand it (SAML core 1.1, 2.3.2.2).
            (SAML1, "Advice"),
            (SAML1, "AttributeStatement"),
            (SAML1, "AuthenticationStatement"),
        ],
        2,
    )?;
    // The same attribute that the certificate was chosen by, as long as the verifier hands out what
    // it was asked about. Should that ever change, nobody signs in by it.
    let signed_issuer = attribute(assertion, "Issuer")?;
    if signed_issuer != issuer {
        return Err(unknown_realm(
            signed_issuer,
            "The signed Issuer is another one.".to_owned(),
        ));
    }
    Ok(())
}
