//! The statements: whom they are about, and that, when and how she authenticated.

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
    SAML1,
};

const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const BEARER: &str = "urn:oasis:names:tc:SAML:1.0:cm:bearer";
/// Entra's bound on the `ImmutableID` (facts 1.4).
const LONGEST_NAME: usize = 64;

/// The person that all statements are about, by the `NameIdentifier`. Each of them names her anew
/// (SAML core 1.1, 2.4.2), and two of them could name two.
pub(super) fn subject(assertion: &Element) -> Result<&str, Refusal> {
    let mut found: Option<&str> = None;
    let statements = ["AttributeStatement", "AuthenticationStatement"];
    for statement in assertion
        .elements()
        .filter(|it| statements.iter().any(|name| it.is(SAML1, name)))
    {
        let named = name_of(one(statement, SAML1, "Subject")?)?;
        if let Some(before) = found.filter(|before| *before != named) {
            return Err(Aadsts::InvalidSamlToken.refuse(format!(
                "The statements are about {} and about {}.",
                shown(before),
                shown(named)
            )));
        }
        found = Some(named);
    }
    found.ok_or_else(|| Aadsts::InvalidSamlToken.refuse("The Assertion holds no statement."))
}

fn name_of(subject: &Element) -> Result<&str, Refusal> {
    let refuse = |detail: String| Err(Aadsts::InvalidSamlToken.refuse(detail));
    check_children(
        subject,
        &[(SAML1, "NameIdentifier"), (SAML1, "SubjectConfirmation")],
        0,
    )?;
    let confirmation = one(subject, SAML1, "SubjectConfirmation")?;
    // Data or a key would ask for a proof that nobody gives here.
    check_children(confirmation, &[(SAML1, "ConfirmationMethod")], 0)?;
    let method = text(one(confirmation, SAML1, "ConfirmationMethod")?)?;
    if method != BEARER {
        return refuse(format!(
            "The subject is confirmed by {}, not bearer.",
            shown(method)
        ));
    }
    let name = one(subject, SAML1, "NameIdentifier")?;
    match name.attribute("Format") {
        None | Some(UNSPECIFIED) => {}
        Some(other) => {
            return refuse(format!(
                "The NameIdentifier's Format is {}, not unspecified.",
                shown(other)
            ));
        }
    }
    if let Some(qualifier) = name.attribute("NameQualifier") {
        return refuse(format!(
            "The NameIdentifier is qualified by {}: it is another name than the ImmutableID.",
            shown(qualifier)
        ));
    }
    let value = text(name)?;
    let length = value.chars().count();
    if !(1..=LONGEST_NAME).contains(&length) {
        return refuse(format!(
            "The NameIdentifier has {length} characters, not 1 to {LONGEST_NAME}."
        ));
    }
    Ok(value)
}

/// The `AuthenticationStatement`, as far as Entra uses it.
pub(super) struct Authentication {
    pub(super) method: String,
    pub(super) instant: String,
}

impl Authentication {
    pub(super) fn read(assertion: &Element, context: &Context<'_>) -> Result<Self, Refusal> {
        let statement = one(assertion, SAML1, "AuthenticationStatement")?;
        check_children(
            statement,
            &[
                (SAML1, "Subject"),
                (SAML1, "SubjectLocality"),
                (SAML1, "AuthorityBinding"),
            ],
            0,
        )?;
        let instant = attribute(statement, "AuthenticationInstant")?;
        context.has_begun("AuthenticationInstant", instant)?;
        let method = attribute(statement, "AuthenticationMethod")?;
        if method.is_empty() {
            return Err(Aadsts::InvalidSamlToken.refuse("The AuthenticationMethod is empty."));
        }
        Ok(Self {
            method: method.to_owned(),
            instant: instant.to_owned(),
        })
    }
}
