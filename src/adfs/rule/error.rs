/// A rule that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause} (at character {at} of the rule)")]
pub struct RuleError {
    /// Where, in characters from the rule's first one, which is 1.
    pub at: usize,
    /// Why.
    pub cause: RuleCause,
}

/// Why a rule is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleCause {
    /// Something else was due.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What was due.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A text without its second quotation mark.
    #[error("a text does not end")]
    OpenText,
    /// A character that has no place in the language.
    #[error("{0:?} means nothing here")]
    Character(char),
    /// A number that is too large.
    #[error("a number is too large")]
    Number,
    /// A variable that no condition names.
    #[error("no condition names a claim {0:?}")]
    Variable(String),
    /// More expressions inside each other than anybody writes.
    #[error("it is nested too deeply")]
    TooDeep,
}
