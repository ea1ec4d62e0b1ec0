//! By which methods somebody has authenticated, in claims: SAML 1.1 has one of them in its statement, and
//! Entra reads more from a claim (facts 4.5).

use crate::{
    entra::{Refusal, second_factor::MULTIPLE_AUTHN},
    xml::Element,
};

use super::{
    super::sequence::{attribute, text},
    SAML1,
    claims::Claim,
};

const METHOD: Claim = Claim {
    namespace: "http://schemas.microsoft.com/ws/2008/06/identity/claims",
    name: "authenticationmethod",
};
/// AD FS's claim of a similar name, of which no document says that Entra reads it.
const REFERENCES: Claim = Claim {
    namespace: "http://schemas.microsoft.com/claims",
    name: "authnmethodsreferences",
};

/// The values that count.
pub(super) fn told(assertion: &Element) -> Result<Vec<String>, Refusal> {
    let values = values_of(assertion, &METHOD)?;
    Ok(values.into_iter().map(str::to_owned).collect())
}

/// Where else a second factor is told.
pub(super) fn told_in_vain(assertion: &Element) -> Result<Option<&'static str>, Refusal> {
    let values = values_of(assertion, &REFERENCES)?;
    let is_told = values.contains(&MULTIPLE_AUTHN);
    Ok(is_told.then_some("the claim authnmethodsreferences, which does not count"))
}

/// All values of a claim that may have several.
fn values_of<'e>(assertion: &'e Element, claim: &Claim) -> Result<Vec<&'e str>, Refusal> {
    let mut values = Vec::new();
    let statements = assertion.elements();
    let given = statements
        .filter(|it| it.is(SAML1, "AttributeStatement"))
        .flat_map(Element::elements)
        .filter(|it| it.is(SAML1, "Attribute"));
    for given in given {
        let name = attribute(given, "AttributeName")?;
        let namespace = attribute(given, "AttributeNamespace")?;
        if (namespace, name) == (claim.namespace, claim.name) {
            for value in given.elements() {
                values.push(text(value)?);
            }
        }
    }
    Ok(values)
}
