use std::fmt;

use super::{Condition, NameIdError, Subject};

/// Who may sign in at a relying party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nobody: where nothing is said.
    Nobody,
    /// Everybody who can sign in at all.
    Everyone,
    /// Those of whom one of these holds.
    Only(Vec<Condition>),
}

/// Why somebody who has proven who she is may not sign in at a relying party. For the audit log
/// and the doctor; she is told only that it is so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotPermitted {
    /// The relying party says nothing about who may sign in.
    #[error("nobody may sign in at this relying party: it has no `access`")]
    Nobody,
    /// No rule lets her in.
    #[error("no rule of `access` lets her in: she is not {0}")]
    NoRule(Missing),
    /// She has no name there.
    #[error(transparent)]
    NoName(#[from] NameIdError),
    /// A claim that is required cannot be issued about her.
    #[error("the claim {0:?} is required, and nothing can be issued")]
    NoClaim(String),
}

/// For each rule, what kept somebody out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(Vec<String>);

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("; nor "))
    }
}

impl Access {
    /// The condition that lets `subject` in; `None` within where it is everybody.
    pub fn decide(&self, subject: &Subject) -> Result<Option<&Condition>, NotPermitted> {
        match self {
            Self::Nobody => Err(NotPermitted::Nobody),
            Self::Everyone => Ok(None),
            Self::Only(conditions) => {
                let admitting = conditions.iter().find(|c| c.holds(subject));
                let missing = || {
                    let failing = conditions.iter().filter_map(|c| c.first_failing(subject));
                    NotPermitted::NoRule(Missing(failing.map(ToString::to_string).collect()))
                };
                admitting.map(Some).ok_or_else(missing)
            }
        }
    }
}
