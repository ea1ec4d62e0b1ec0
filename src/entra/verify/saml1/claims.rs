//! The claims that Entra cannot do without (facts 2.4).

use crate::{
    entra::{Aadsts, Refusal, User},
    xml::Element,
};

use super::{
    super::{
        judgement::differs,
        sequence::{at_most_one, attribute, check_children, text},
        shown,
    },
    SAML1,
};

/// A claim type in the two parts that SAML 1.1 has for it.
pub(super) struct Claim {
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
}

const UPN: Claim = Claim {
    namespace: "http://schemas.xmlsoap.org/claims",
    name: "UPN",
};
const IMMUTABLE_ID: Claim = Claim {
    namespace: "http://schemas.microsoft.com/LiveID/Federation/2008/05",
    name: "ImmutableID",
};

/// The source anchor, by which Entra looks the user up.
pub(super) fn immutable_id(assertion: &Element) -> Result<&str, Refusal> {
    let (value, others) = value_of(assertion, &IMMUTABLE_ID)?;
    value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Aadsts::ImmutableIdMissing.refuse(missing(&IMMUTABLE_ID, &others)))
}

/// The claim is the user's cloud UPN; case of ASCII letters aside, as Entra's user principal names
/// are.
pub(super) fn check_upn(assertion: &Element, user: &User) -> Result<(), Refusal> {
    let expected = user.user_principal_name.to_string();
    let (value, others) = value_of(assertion, &UPN)?;
    let value = value.ok_or_else(|| Aadsts::InvalidSamlToken.refuse(missing(&UPN, &others)))?;
    if value.eq_ignore_ascii_case(&expected) {
        return Ok(());
    }
    Err(differs("The claim UPN", value, &expected, user))
}

/// The one value of a claim that may come at most once, over all attribute statements; and the
/// types of all other claims, as somebody would read them.
pub(super) fn value_of<'e>(
    assertion: &'e Element,
    claim: &Claim,
) -> Result<(Option<&'e str>, Vec<String>), Refusal> {
    let (mut found, mut others) = (None, Vec::new());
    for statement in assertion
        .elements()
        .filter(|it| it.is(SAML1, "AttributeStatement"))
    {
        check_children(statement, &[(SAML1, "Subject"), (SAML1, "Attribute")], 0)?;
        for given in statement.elements().filter(|it| it.is(SAML1, "Attribute")) {
            let name = attribute(given, "AttributeName")?;
            let namespace = attribute(given, "AttributeNamespace")?;
            if (namespace, name) != (claim.namespace, claim.name) {
                others.push(shown(&format!("{name} of {namespace}")));
                continue;
            }
            let refuse = |what: &str| {
                Aadsts::InvalidSamlToken.refuse(format!("The claim {} {what}.", claim.name))
            };
            if found.is_some() {
                return Err(refuse("is there more than once"));
            }
            check_children(given, &[(SAML1, "AttributeValue")], 0)?;
            let value = at_most_one(given, SAML1, "AttributeValue")?;
            found = Some(text(value.ok_or_else(|| refuse("has no value"))?)?);
        }
    }
    Ok((found, others))
}

fn missing(claim: &Claim, others: &[String]) -> String {
    let there = if others.is_empty() {
        "no other claim".to_owned()
    } else {
        others.join(", ")
    };
    format!(
        "The assertion has no claim {} of namespace {}. There is {there}.",
        claim.name, claim.namespace
    )
}
