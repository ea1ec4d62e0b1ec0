//! What has to come of a step.

use std::{fmt, str::FromStr};

use super::{Action, Step};

/// What may come to Entra.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// An answer that it accepts: `accepted`.
    Accepted,
    /// None: `no-answer`.
    NoAnswer,
    /// An answer that it refuses with this code, such as `AADSTS50107`, or nothing but a refusal.
    Refused(String),
}

/// What stands there means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is none of \"accepted\", \"no-answer\", and a code of Entra's such as \"AADSTS50107\""
)]
pub struct NoExpectation(String);

impl FromStr for Expectation {
    type Err = NoExpectation;

    fn from_str(text: &str) -> Result<Self, NoExpectation> {
        let is_code = |digits: &str| {
            (3..=8).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit())
        };
        match text {
            "accepted" => Ok(Self::Accepted),
            "no-answer" => Ok(Self::NoAnswer),
            _ if text.strip_prefix("AADSTS").is_some_and(is_code) => {
                Ok(Self::Refused(text.to_owned()))
            }
            _ => Err(NoExpectation(text.to_owned())),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("Entra accepts"),
            Self::NoAnswer => f.write_str("no answer comes to Entra"),
            Self::Refused(code) => write!(f, "Entra refuses with {code}"),
        }
    }
}

/// What a report says of it.
pub(super) fn expected(step: &Step) -> String {
    let may_come: Vec<String> = step.expect.iter().map(ToString::to_string).collect();
    let may_come = may_come.join(", or ");
    if step.expect != [Expectation::Accepted] {
        return match step.action {
            Action::SignOut => "the password is asked for again".to_owned(),
            _ => may_come,
        };
    }
    match step.action {
        Action::ForceAuthn => format!("the password is asked for again, and {may_come}"),
        Action::SingleSignOn => format!("nothing is asked, and {may_come}"),
        Action::WsTrust => format!("a token comes, and {may_come}"),
        Action::SignIn | Action::WrongPassword | Action::SignOut => may_come,
    }
}
