//! Under which conditions an assertion holds: when, and for whom. Both versions say it alike, in words of
//! their own (SAML core 1.1, 2.3.2.1; SAML core 2.0, 2.5).

use crate::{
    entra::{Aadsts, Refusal},
    xml::Element,
};

use super::{
    Context, read_instant,
    sequence::{attribute, check_children, one, text},
    shown,
};

/// A version's words for it.
pub(super) struct Conditions {
    /// Of all its elements.
    pub(super) namespace: &'static str,
    /// The one that names audiences.
    pub(super) audience_restriction: &'static str,
    /// Those that may stand beside it. What is not understood makes the assertion's validity unknown.
    pub(super) others: &'static [&'static str],
}

impl Conditions {
    pub(super) fn check(&self, assertion: &Element, context: &Context<'_>) -> Result<(), Refusal> {
        let conditions = one(assertion, self.namespace, "Conditions")?;
        let known = [self.audience_restriction].into_iter();
        let known = known.chain(self.others.iter().copied());
        let known: Vec<_> = known.map(|name| (self.namespace, name)).collect();
        check_children(conditions, &known, known.len())?;
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
        self.check_audience(conditions, &context.expectations.audience)
    }

    /// Each restriction must name us, and there must be one.
    fn check_audience(&self, conditions: &Element, expected: &str) -> Result<(), Refusal> {
        let name = self.audience_restriction;
        let mut restricted = false;
        let all = conditions.elements();
        for restriction in all.filter(|it| it.is(self.namespace, name)) {
            restricted = true;
            check_children(restriction, &[(self.namespace, "Audience")], 0)?;
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
            "There is no {name}; the Audience must be {expected}."
        )))
    }
}
