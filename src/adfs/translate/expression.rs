//! What a rule issues as a value.

use super::{
    ClaimSource, Source, Sourced,
    pattern::{self, AccountPart},
};
use crate::adfs::rule::{Expression, Property};

/// A value as a rule makes it.
pub(super) enum Made<'a> {
    /// A text.
    Text(&'a str),
    /// That of a claim, by the name the rule has for it.
    Of(&'a str, Change<'a>),
}

/// What becomes of a claim's value.
pub(super) enum Change<'a> {
    Nothing,
    Replaced(&'a str, &'a str),
    Between(String, String),
}

/// What an expression makes.
pub(super) fn made(expression: &Expression) -> Result<Made<'_>, String> {
    let unsayable = || "its value is put together in a way that Homerealm has not".to_owned();
    Ok(match expression {
        Expression::Text(text) => Made::Text(text),
        Expression::Of(variable, Property::Value) => Made::Of(variable, Change::Nothing),
        Expression::Of(..) => {
            return Err("it issues another property of a claim than its value".to_owned());
        }
        Expression::Replace(of, pattern, with) => match &**of {
            Expression::Of(variable, Property::Value) => {
                Made::Of(variable, Change::Replaced(pattern, with))
            }
            _ => return Err(unsayable()),
        },
        Expression::Concat(terms) => {
            let (mut before, mut behind, mut of) = (String::new(), String::new(), None);
            for term in terms {
                match term {
                    Expression::Text(text) if of.is_none() => before.push_str(text),
                    Expression::Text(text) => behind.push_str(text),
                    Expression::Of(variable, Property::Value) if of.is_none() => {
                        of = Some(variable);
                    }
                    Expression::Of(..) => {
                        return Err("it puts several claims together into one value".to_owned());
                    }
                    _ => return Err(unsayable()),
                }
            }
            Made::Of(of.ok_or_else(unsayable)?, Change::Between(before, behind))
        }
    })
}

impl Change<'_> {
    /// The claim with its value changed. A value can be changed once.
    pub(super) fn of(
        &self,
        mut claim: Sourced,
        netbios_name: Option<&str>,
    ) -> Result<Sourced, String> {
        if claim.source == Source::AccountName
            && let Self::Replaced(expression, with) = self
        {
            match pattern::of_account_name(expression, with) {
                Some(AccountPart::Name) => claim.source = Source::attribute("sAMAccountName"),
                Some(AccountPart::Whole) => {}
                None => {
                    return Err(format!(
                        "it makes something of its own of DOMAIN\\name by {expression:?}"
                    ));
                }
            }
            return Ok(claim);
        }
        let replacement = match self {
            Self::Nothing => return Ok(claim),
            Self::Replaced(expression, with) => pattern::replaced(expression, with)?,
            Self::Between(before, behind) => {
                let domain = match claim.source {
                    Source::AccountName => format!("{}\\", known(netbios_name)?),
                    _ => String::new(),
                };
                if !domain.is_empty() {
                    claim.source = Source::attribute("sAMAccountName");
                }
                pattern::between(&format!("{before}{domain}"), behind)
            }
        };
        if !matches!(claim.source, Source::Told(ClaimSource::Attribute(_))) {
            return Err("it changes a value that comes from no attribute".to_owned());
        }
        if claim.replace.is_some() {
            return Err("it changes a value that was changed or chosen before".to_owned());
        }
        claim.replace = Some(replacement);
        Ok(claim)
    }
}

/// The domain's short name, which no attribute has.
pub(super) fn known(netbios_name: Option<&str>) -> Result<&str, String> {
    netbios_name.ok_or_else(|| {
        "it issues DOMAIN\\name, and the export does not say the domain: --netbios-name".to_owned()
    })
}
