//! What would be issued about a person, and why, for the doctor. It asks the same code that issues.

use std::fmt;

use super::{
    Circumstances, ClaimRule, ClaimSource, NameIdFormat, NameIdRule, NotIssued, RelyingParty,
    Subject,
};

/// What a relying party would be told about a person, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Why she may sign in there, or why not.
    pub access: Result<String, String>,
    /// The name under which she would be known, and its format; or why she has none.
    pub name_id: Result<(NameIdFormat, String), String>,
    /// What each rule issues, in their order.
    pub claims: Vec<ClaimExplanation>,
}

/// What one rule issues about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimExplanation {
    /// The claim's name.
    pub name: String,
    /// Where its values come from.
    pub source: String,
    /// The values, or why there are none.
    pub outcome: Result<Vec<String>, String>,
}

impl RelyingParty {
    /// Explains what would be issued about `subject`. Grants nothing.
    pub fn explain(&self, subject: &Subject, circumstances: &Circumstances) -> Explanation {
        let access = self
            .access
            .decide(subject)
            .map(|admitting| match admitting {
                None => "everyone may sign in here".to_owned(),
                Some(condition) => format!("she is {condition}"),
            });
        let name_id = match self.name_id_rule() {
            NameIdRule::Transient => Ok((
                NameIdFormat::Transient,
                "another one in each session".into(),
            )),
            _ => self
                .name_id(subject, "")
                .map(|id| (id.format, id.value.into_owned())),
        };
        Explanation {
            access: access.map_err(|error| error.to_string()),
            name_id: name_id.map_err(|error| error.to_string()),
            claims: self
                .issuing_rules()
                .map(|rule| rule.explain(subject))
                .chain(self.told.explain(circumstances))
                .collect(),
        }
    }
}

impl ClaimRule {
    fn explain(&self, subject: &Subject) -> ClaimExplanation {
        let values = self.values(subject);
        ClaimExplanation {
            name: self.name.clone(),
            source: self.source.to_string(),
            outcome: values
                .map(|values| values.into_iter().map(String::from).collect())
                .map_err(|not_issued| self.why(not_issued, subject)),
        }
    }

    fn why(&self, not_issued: NotIssued, subject: &Subject) -> String {
        let why = match not_issued {
            NotIssued::Condition => {
                let conditions = self.conditions.iter();
                let failing = conditions.filter_map(|c| c.first_failing(subject));
                let failing: Vec<_> = failing.map(ToString::to_string).collect();
                format!("she is not {}", failing.join("; nor "))
            }
            NotIssued::NoValue => match self.source {
                ClaimSource::Groups(_) => "she is in none of the groups".to_owned(),
                _ => format!("there is no {}", self.source),
            },
            NotIssued::NoMatch => match &self.replacement {
                Some(replacement) => {
                    format!("no value matches {}", replacement.pattern().as_str())
                }
                None => "the value is empty".to_owned(),
            },
            NotIssued::TooMuch => "the values are more than 16 KiB".to_owned(),
        };
        if self.required {
            format!("{why}, and it is required: she may not sign in")
        } else {
            why
        }
    }
}

impl fmt::Display for ClaimSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::CloudUpn => "cloud UPN",
            Self::ImmutableId => "ImmutableID",
            Self::DisplayName => "display name",
            Self::Email => "external address that she signed in with",
            Self::Attribute(name) => return write!(formatter, "value of {name}"),
            Self::Constant(_) => "constant",
            Self::Groups(_) => "group with a value",
        })
    }
}
