//! The transform rules, carried out with claims that have a source in place of a value.

use super::{
    ClaimSource, Condition, Domain, Source, Sourced, Translation,
    expression::{Change, Made, made},
    pattern, query,
};
use crate::adfs::rule::{
    self, Action, Comparison, Operator, Property, Quantifier, Query, Rule, Statement, WrittenRule,
    known::{ACCOUNT_NAME, GROUP_SID},
};

const FORMAT: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format";
const AD_AUTHORITY: &str = "AD AUTHORITY";

/// What AD FS knows of a person of its own domain before the first rule.
pub(super) fn known_at_first() -> Vec<Sourced> {
    let claim = |claim_type: &str, source| Sourced {
        claim_type: claim_type.to_owned(),
        source,
        replace: None,
        conditions: Vec::new(),
        format: None,
    };
    vec![
        claim(
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
            Source::attribute("userPrincipalName"),
        ),
        claim(
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
            Source::AccountName,
        ),
        claim(ACCOUNT_NAME, Source::AccountName),
        claim(
            GROUP_SID,
            Source::Untold("SIDs of groups are told to nobody; name the groups that matter"),
        ),
        claim(
            rule::known::PRIMARY_SID,
            Source::Untold("an account's SID is told to nobody"),
        ),
    ]
}

/// What the rules issue. Those that cannot be carried out are listed in the translation.
pub(super) fn carry_out(
    rules: &[WrittenRule],
    domain: &Domain,
    translation: &mut Translation,
) -> Vec<Sourced> {
    let mut claims = known_at_first();
    let mut issued = Vec::new();
    for (index, written) in rules.iter().enumerate() {
        let made = match &written.rule {
            Ok(rule) => Carrying {
                claims: &claims,
                domain,
                rule,
            }
            .carry_out(translation)
            .map(|made| (rule.action, made)),
            Err(error) => Err(format!("it cannot be read: {error}")),
        };
        match made {
            Ok((action, made)) => {
                if action == Action::Issue {
                    issued.extend(made.iter().cloned());
                }
                claims.extend(made);
            }
            Err(reason) => translation.cannot(written.label(index), Some(&written.text), reason),
        }
    }
    issued
}

/// One rule, and the claims that there are before it.
pub(super) struct Carrying<'a> {
    pub(super) claims: &'a [Sourced],
    pub(super) domain: &'a Domain,
    pub(super) rule: &'a Rule,
}

impl Carrying<'_> {
    fn carry_out(&self, translation: &mut Translation) -> Result<Vec<Sourced>, String> {
        match &self.rule.statement {
            Statement::Copy(variable) => self.chosen(variable),
            Statement::Create(properties) => self.create(properties, translation),
            Statement::Query(query) => self.query(query),
        }
    }

    /// The claims that a variable stands for, under the conditions of the rule.
    fn chosen(&self, variable: &str) -> Result<Vec<Sourced>, String> {
        let condition = self.condition(variable)?;
        let others = self.conditions_beside(Some(variable))?;
        let mut chosen = Vec::new();
        for mut claim in self.of_type(condition)? {
            for test in &condition.tests {
                match (&test.property, test.operator) {
                    (Property::Type, _) => {}
                    (Property::Issuer | Property::OriginalIssuer, _) => from_ad(test)?,
                    (Property::Value, Operator::Equal) => {
                        choose(&mut claim, pattern::only(&test.value))?;
                    }
                    (Property::Value, Operator::Matches) => {
                        choose(&mut claim, pattern::only_found(&test.value)?)?;
                    }
                    _ => {
                        return Err(
                            "it chooses claims by something else than type and value".to_owned()
                        );
                    }
                }
            }
            claim.conditions.extend(others.iter().cloned());
            chosen.push(claim);
        }
        Ok(chosen)
    }

    fn condition(&self, variable: &str) -> Result<&rule::Condition, String> {
        let mut named = self.rule.conditions.iter();
        let named = named.find(|condition| condition.variable.as_deref() == Some(variable));
        named
            .filter(|condition| condition.quantifier == Quantifier::Each)
            .ok_or_else(|| "it issues a claim of EXISTS or COUNT".to_owned())
    }

    /// The claims of the type that a condition names.
    fn of_type(&self, condition: &rule::Condition) -> Result<Vec<Sourced>, String> {
        let claim_type = condition.claim_type();
        let claim_type = claim_type.ok_or("it is about claims of more than one type")?;
        let found: Vec<_> = self
            .claims
            .iter()
            .filter(|claim| claim.claim_type.eq_ignore_ascii_case(claim_type))
            .cloned()
            .collect();
        if found.is_empty() {
            return Err(format!(
                "nothing known makes the claim {claim_type}; it came from another claims provider, from \
                 a rule that could not be translated, or is AD FS's own"
            ));
        }
        Ok(found)
    }

    /// All conditions but that of one variable, as conditions about the account.
    pub(super) fn conditions_beside(
        &self,
        variable: Option<&str>,
    ) -> Result<Vec<Condition>, String> {
        let mut conditions = Vec::new();
        for condition in &self.rule.conditions {
            if variable.is_none() || condition.variable.as_deref() != variable {
                conditions.extend(self.about_account(condition)?);
            }
        }
        conditions.sort();
        conditions.dedup();
        Ok(conditions)
    }

    /// A condition about claims as conditions about the account; none where it always holds.
    fn about_account(&self, condition: &rule::Condition) -> Result<Vec<Condition>, String> {
        match condition.quantifier {
            Quantifier::Each
            | Quantifier::Exists
            | Quantifier::Count(Comparison::Greater, 0)
            | Quantifier::Count(Comparison::AtLeast, 1) => {}
            Quantifier::NotExists => return Err("it needs that a claim is not there".to_owned()),
            Quantifier::Count(..) => return Err("it counts claims".to_owned()),
        }
        let mut value = None;
        for test in &condition.tests {
            match (&test.property, test.operator) {
                (Property::Type, Operator::Equal) => {}
                (Property::Issuer | Property::OriginalIssuer, _) => from_ad(test)?,
                (Property::Value, Operator::Equal | Operator::Matches) if value.is_none() => {
                    value = Some(test);
                }
                _ => return Err("a condition is about more than a type and one value".to_owned()),
            }
        }
        if condition.claim_type() == Some(GROUP_SID) {
            return match value {
                Some(test) if test.operator == Operator::Equal => {
                    let dn = self.domain.groups.dn(&test.value);
                    let dn = dn.ok_or_else(|| unknown_group(&test.value))?;
                    Ok(vec![Condition::Group(dn.to_owned())])
                }
                // Everybody is in a group.
                None => Ok(Vec::new()),
                Some(_) => Err("it chooses groups by a part of their SIDs".to_owned()),
            };
        }
        let claims = self.of_type(condition)?;
        let [claim] = claims.as_slice() else {
            return Err("a condition is about a claim that several rules make".to_owned());
        };
        let mut conditions = claim.conditions.clone();
        match (&claim.source, value) {
            (Source::AccountName, None) => {}
            (Source::Told(ClaimSource::Attribute(name)), None) if claim.replace.is_none() => {
                conditions.push(Condition::Matches(name.clone(), "^.+$".to_owned()));
            }
            (Source::Told(ClaimSource::Attribute(name)), Some(test)) if claim.replace.is_none() => {
                conditions.push(match test.operator {
                    Operator::Equal => Condition::Equals(name.clone(), test.value.clone()),
                    _ => Condition::Matches(name.clone(), pattern::found_in(&test.value)?),
                });
            }
            // A text is known here and now.
            (Source::Told(ClaimSource::Constant(text)), None) if !text.is_empty() => {}
            (Source::Told(ClaimSource::Constant(known)), Some(test))
                if test.operator == Operator::Equal && test.value == *known => {}
            _ => return Err("a condition is about a claim whose value no attribute has".to_owned()),
        }
        Ok(conditions)
    }

    fn create(
        &self,
        properties: &[(Property, rule::Expression)],
        translation: &mut Translation,
    ) -> Result<Vec<Sourced>, String> {
        let property = |wanted: &Property| {
            let mut found = properties.iter().filter(|(property, _)| property == wanted);
            found.next().map(|(_, expression)| expression)
        };
        let text = |expression: Option<&rule::Expression>| match expression {
            Some(rule::Expression::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let claim_type =
            text(property(&Property::Type)).ok_or("the type of what it issues is no text")?;
        let format = text(property(&Property::Named(FORMAT.to_owned())));
        let value = property(&Property::Value).ok_or("it issues no value")?;
        let claims = match made(value)? {
            Made::Text(text) => vec![self.constant(text)?],
            Made::Of(variable, change) => {
                if let Change::Replaced(..) = change {
                    translation.note(
                        "a value in which the expression of a RegExReplace is not found is issued by AD \
                         FS as it is, and here not at all",
                    );
                }
                let netbios_name = self.domain.netbios_name.as_deref();
                let chosen = self.chosen(variable)?.into_iter();
                chosen
                    .map(|claim| change.of(claim, netbios_name))
                    .collect::<Result<_, _>>()?
            }
        };
        let renamed = claims.into_iter().map(|claim| Sourced {
            claim_type: claim_type.clone(),
            format: format.clone(),
            ..claim
        });
        Ok(renamed.collect())
    }

    /// A text, for whoever fulfils the conditions.
    fn constant(&self, text: &str) -> Result<Sourced, String> {
        let mut conditions = self.conditions_beside(None)?;
        let source = match conditions.as_slice() {
            [Condition::Group(dn)] => {
                let source = ClaimSource::Group {
                    dn: dn.clone(),
                    value: text.to_owned(),
                };
                conditions.clear();
                source
            }
            _ => ClaimSource::Constant(text.to_owned()),
        };
        Ok(Sourced {
            claim_type: String::new(),
            source: Source::Told(source),
            replace: None,
            conditions,
            format: None,
        })
    }

    fn query(&self, query: &Query) -> Result<Vec<Sourced>, String> {
        let conditions = self.conditions_beside(None)?;
        let sources = query::sources(query)?;
        if sources.len() != query.types.len() {
            return Err("it names another number of claims than of attributes".to_owned());
        }
        let claims = query
            .types
            .iter()
            .zip(sources)
            .map(|(claim_type, source)| Sourced {
                claim_type: claim_type.clone(),
                source,
                replace: None,
                conditions: conditions.clone(),
                format: None,
            });
        Ok(claims.collect())
    }
}

/// A claim of which only some values count.
fn choose(claim: &mut Sourced, replacement: (String, String)) -> Result<(), String> {
    if !matches!(claim.source, Source::Told(ClaimSource::Attribute(_))) {
        return Err("it chooses among values that no attribute has".to_owned());
    }
    if claim.replace.replace(replacement).is_some() {
        return Err("it chooses among values that were changed or chosen before".to_owned());
    }
    Ok(())
}

/// Claims of the domain have one issuer, so a condition that names it always holds.
fn from_ad(test: &rule::Test) -> Result<(), String> {
    let holds = match test.operator {
        Operator::Equal => test.value == AD_AUTHORITY,
        Operator::Matches => {
            regex_lite::Regex::new(&test.value).is_ok_and(|regex| regex.is_match(AD_AUTHORITY))
        }
        Operator::NotEqual | Operator::NotMatches => false,
    };
    if holds {
        return Ok(());
    }
    Err(format!(
        "it is about claims that {:?} has issued",
        test.value
    ))
}

pub(super) fn unknown_group(group: &str) -> String {
    format!("the group {group} is not in the list of groups (--groups)")
}
