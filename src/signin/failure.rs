use crate::{
    directory::{AccountState, DirectoryError},
    realm::MappedAccount,
    store::StoreError,
};

use super::{Elsewhere, Problem, Step, Verdict, Visit};

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
    /// Where she goes on to, where it is not here that she signs in.
    pub(super) elsewhere: Option<Elsewhere>,
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
            elsewhere: None,
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

    /// She has proven who she is, and goes on elsewhere: because of a group that she is in.
    pub(super) fn by_group(elsewhere: Elsewhere) -> Self {
        Self::elsewhere(
            elsewhere,
            "a route leads elsewhere, for a group that she is in",
        )
    }

    /// The same: because of an address that she has beside the name that she typed.
    pub(super) fn by_address(elsewhere: Elsewhere) -> Self {
        Self::elsewhere(elsewhere, "a route leads elsewhere, for an address of hers")
    }

    fn elsewhere(elsewhere: Elsewhere, cause: &str) -> Self {
        Self {
            elsewhere: Some(elsewhere),
            ..Self::new(Problem::Elsewhere, Verdict::Right, cause.to_owned())
        }
    }

    /// She has proven elsewhere who she is, and that leads to no account.
    pub(super) fn no_account(cause: String) -> Self {
        Self::new(Problem::NoAccount, Verdict::Unanswered, cause)
    }

    /// She has proven elsewhere who she is, and her account is in this state.
    pub(super) fn vouched_state(state: AccountState) -> Self {
        let cause = format!("the account's state is {state:?}");
        // There is no password that somebody else might be guessing.
        Self::new(Problem::Vouched(state), Verdict::Unanswered, cause)
    }

    /// Somebody has proven who she is, and is not whom she was said to be.
    pub(super) fn somebody_else() -> Self {
        let cause = "another person was expected".to_owned();
        Self::new(Problem::SomebodyElse, Verdict::Unanswered, cause)
    }

    /// What happens next in a sign-in that failed at a password.
    pub(super) fn step_at_password(self) -> Step {
        match self.elsewhere {
            _ if self.may_change => Step::ChangePassword,
            Some(elsewhere) => Step::Elsewhere(elsewhere),
            None => Step::Prompt(Some(self.problem)),
        }
    }

    /// The same for a page of our own.
    pub(super) fn visit_at_password(self) -> Visit {
        match self.elsewhere {
            _ if self.may_change => Visit::ChangePassword,
            Some(elsewhere) => Visit::Elsewhere(elsewhere),
            None => Visit::Prompt(self.problem),
        }
    }

    /// What happens next in a sign-in that failed at an upstream's answer.
    pub(super) fn step(self) -> Step {
        match self.elsewhere {
            Some(elsewhere) => Step::Elsewhere(elsewhere),
            None => Step::AskName(Some(self.problem)),
        }
    }

    /// The same for a page of our own.
    pub(super) fn visit(self) -> Visit {
        match self.elsewhere {
            Some(elsewhere) => Visit::Elsewhere(elsewhere),
            None => Visit::AskName(self.problem),
        }
    }

    /// What cannot be counted is not tried.
    pub(super) fn store(error: &StoreError) -> Self {
        Self::new(Problem::Busy, Verdict::Unanswered, error.to_string())
    }
}
