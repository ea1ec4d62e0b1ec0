use crate::{directory::DirectoryError, realm::MappedAccount, store::StoreError};

use super::{Problem, Verdict};

/// Why a name and a password were not accepted: what the person is told, and what the audit is.
pub(super) struct Failure {
    pub(super) problem: Problem,
    /// Whose, for the audit.
    pub(super) name: Option<String>,
    pub(super) cause: String,
    pub(super) verdict: Verdict,
    /// Whether a new password would help, and can be set here.
    pub(super) may_change: bool,
    /// The account, where the password was right.
    pub(super) account: Option<MappedAccount>,
}

impl Failure {
    fn new(problem: Problem, verdict: Verdict, cause: String) -> Self {
        Self {
            problem,
            name: None,
            cause,
            verdict,
            may_change: false,
            account: None,
        }
    }

    pub(super) fn of(mut self, name: Option<String>) -> Self {
        self.name = name;
        self
    }

    pub(super) fn not_recognised(cause: String) -> Self {
        Self::new(Problem::NotRecognised, Verdict::Wrong, cause)
    }

    pub(super) fn directory(error: &DirectoryError) -> Self {
        let problem = match error {
            DirectoryError::Busy => Problem::Busy,
            _ => Problem::DirectoryDown,
        };
        Self::new(problem, Verdict::Unanswered, error.to_string())
    }

    pub(super) fn too_many() -> Self {
        let cause = "too many failures from this source".to_owned();
        Self::new(Problem::TooMany, Verdict::Unanswered, cause)
    }

    /// What cannot be counted is not tried.
    pub(super) fn store(error: &StoreError) -> Self {
        Self::new(Problem::Busy, Verdict::Unanswered, error.to_string())
    }
}
