//! The statements: that, when and how somebody authenticated, and the names they go by.

use crate::{
    entra::{Aadsts, Refusal, User, second_factor::MULTIPLE_AUTHN},
    xml::Element,
};

use super::{
    super::{
        Context,
        judgement::differs,
        sequence::{at_most_one, attribute, check_children, one, text},
    },
    SAML,
};

/// The attribute that carries the cloud UPN (facts 1.4).
const IDP_EMAIL: &str = "IDPEmail";
/// The same in the claims of WS-Federation; not asked for, and not to contradict.
const UPN_CLAIM: &str = "http://schemas.xmlsoap.org/claims/UPN";
/// The source anchor in the claims of WS-Federation; not asked for, and not to contradict.
const IMMUTABLE_ID_CLAIM: &str =
    "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID";

/// The `AuthnStatement`, as far as Entra uses it.
pub(super) struct Authn {
    pub(super) class: String,
    pub(super) instant: String,
    pub(super) session_index: Option<String>,
}

impl Authn {
    pub(super) fn read(assertion: &Element, context: &Context<'_>) -> Result<Self, Refusal> {
        let statement = one(assertion, SAML, "AuthnStatement")?;
        check_children(
            statement,
            &[(SAML, "SubjectLocality"), (SAML, "AuthnContext")],
            0,
        )?;
        let instant = attribute(statement, "AuthnInstant")?;
        context.has_begun("AuthnInstant", instant)?;
        if let Some(end) = statement.attribute("SessionNotOnOrAfter") {
            context.has_not_ended("SessionNotOnOrAfter", end)?;
        }
        Ok(Self {
            class: class_of(statement)?,
            instant: instant.to_owned(),
            session_index: statement.attribute("SessionIndex").map(str::to_owned),
        })
    }
}

/// Exactly one class (facts 4.5).
fn class_of(statement: &Element) -> Result<String, Refusal> {
    let authn_context = one(statement, SAML, "AuthnContext")?;
    // A declaration could qualify the class in ways that are not read here; authorities are names.
    check_children(
        authn_context,
        &[
            (SAML, "AuthnContextClassRef"),
            (SAML, "AuthenticatingAuthority"),
        ],
        0,
    )?;
    let class = text(one(authn_context, SAML, "AuthnContextClassRef")?)?;
    if class.is_empty() {
        return Err(Aadsts::InvalidSamlToken.refuse("The AuthnContextClassRef is empty."));
    }
    Ok(class.to_owned())
}

/// `IDPEmail` is there once, with one value, the user's cloud UPN; case of ASCII letters aside, as
/// Entra's user principal names are. The claims that say the same must say the same.
pub(super) fn check_names(
    assertion: &Element,
    user: &User,
    immutable_id: &str,
) -> Result<(), Refusal> {
    let upn = user.user_principal_name.to_string();
    let Some(email) = only_value(assertion, IDP_EMAIL)? else {
        return Err(Aadsts::InvalidSamlToken
            .refuse("The assertion has no attribute IDPEmail; it must be the cloud UPN."));
    };
    if !email.eq_ignore_ascii_case(&upn) {
        return Err(differs(IDP_EMAIL, email, &upn, user));
    }
    match only_value(assertion, UPN_CLAIM)? {
        Some(claim) if !claim.eq_ignore_ascii_case(&upn) => {
            Err(differs(UPN_CLAIM, claim, &upn, user))
        }
        _ => Ok(()),
    }?;
    match only_value(assertion, IMMUTABLE_ID_CLAIM)? {
        Some(claim) if claim != immutable_id => {
            Err(differs(IMMUTABLE_ID_CLAIM, claim, immutable_id, user))
        }
        _ => Ok(()),
    }
}

/// An attribute that tells of a second factor: by SAML 2.0 the class alone does (facts 4.5).
pub(super) fn mfa_told_in_vain(assertion: &Element) -> Option<&'static str> {
    let statements = assertion.elements();
    let mut values = statements
        .filter(|it| it.is(SAML, "AttributeStatement"))
        .flat_map(Element::elements)
        .flat_map(Element::elements)
        .filter_map(Element::text);
    values
        .any(|value| value == MULTIPLE_AUTHN)
        .then_some("an attribute, which does not count by SAML 2.0")
}

/// The one value of an attribute that may come at most once, over all attribute statements.
fn only_value<'e>(assertion: &'e Element, name: &str) -> Result<Option<&'e str>, Refusal> {
    let mut found = None;
    for statement in assertion
        .elements()
        .filter(|it| it.is(SAML, "AttributeStatement"))
    {
        // An encrypted attribute could be any attribute.
        check_children(statement, &[(SAML, "Attribute")], 0)?;
        for given in statement.elements() {
            if attribute(given, "Name")? != name {
                continue;
            }
            if found.is_some() {
                return Err(Aadsts::InvalidSamlToken
                    .refuse(format!("The attribute {name} is there more than once.")));
            }
            check_children(given, &[(SAML, "AttributeValue")], 0)?;
            let value = at_most_one(given, SAML, "AttributeValue")?.ok_or_else(|| {
                Aadsts::InvalidSamlToken.refuse(format!("The attribute {name} has no value."))
            })?;
            found = Some(text(value)?);
        }
    }
    Ok(found)
}
