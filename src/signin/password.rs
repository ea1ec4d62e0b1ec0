//! Changing a password, as a step of a sign-in or on its own.
//!
//! The old password is proven first, by the same way as a sign-in: the same guard, the same words,
//! the same refusals. Only then is the new one put to the directory, and what its policy says told.

use crate::{
    directory::{ChangeError, Password, PolicyRefusal},
    observe::{CorrelationId, audit},
};

use super::{Problem, SignIn, Source, Typed, Verdict, failure::Failure};

/// What a person typed to change her password.
#[derive(Clone, Copy)]
pub struct ChangeTyped<'a> {
    /// Who.
    pub name: &'a str,
    /// The password that she has.
    pub current: &'a str,
    /// The password that she wants.
    pub new: &'a str,
    /// The same again.
    pub repeated: &'a str,
    /// Where it came from.
    pub source: &'a Source,
}

/// What the person is told when her password was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeProblem {
    /// The old password was not accepted; the words are those of a sign-in.
    NotProven(Problem),
    /// The new password and its repetition differ.
    Different,
    /// The new password is the old one.
    Same,
    /// The new password holds what no password can hold, or is too long.
    Unusable,
    /// The directory's policy does not take it.
    Policy(PolicyRefusal),
    /// Passwords are not changed here.
    Off,
}

impl SignIn {
    /// Changes a password. The attempt counts as a sign-in does.
    pub async fn change_password(
        &self,
        correlation: &CorrelationId,
        typed: ChangeTyped<'_>,
    ) -> Result<(), ChangeProblem> {
        let empty = [typed.name.trim(), typed.current, typed.new].contains(&"");
        if empty {
            return Err(ChangeProblem::NotProven(Problem::Incomplete));
        }
        if typed.new != typed.repeated {
            return Err(ChangeProblem::Different);
        }
        if typed.new == typed.current {
            return Err(ChangeProblem::Same);
        }
        if self.instead_of_password(typed.name, typed.source).is_some() {
            return Err(ChangeProblem::NotProven(Problem::Elsewhere));
        }
        let new = Password::parse(typed.new).map_err(|_| ChangeProblem::Unusable)?;
        let (name, outcome) = self.change(typed, &new).await;
        match outcome {
            Ok(()) => {
                audit::password_changed(correlation, name.as_deref(), typed.source, None);
                Ok(())
            }
            Err((problem, cause)) => {
                let cause = Some(cause.as_str());
                audit::password_changed(correlation, name.as_deref(), typed.source, cause);
                Err(problem)
            }
        }
    }

    async fn change(
        &self,
        typed: ChangeTyped<'_>,
        new: &Password,
    ) -> (Option<String>, Result<(), (ChangeProblem, String)>) {
        let arrival = tokio::time::Instant::now();
        let proven = self
            .prove_password(Typed {
                name: typed.name,
                password: typed.current,
                source: typed.source,
            })
            .await;
        let (name, account) = match proven {
            Ok((name, account)) => (Some(name.key()), account),
            // The password is right, and a new one is what the account waits for.
            Err(Failure {
                may_change: true,
                account: Some(account),
                name,
                ..
            }) => (name, account),
            Err(failure) => {
                if failure.verdict == Verdict::Wrong {
                    self.guard.until_refusal(arrival).await;
                }
                let problem = ChangeProblem::NotProven(failure.problem);
                return (failure.name, Err((problem, failure.cause)));
            }
        };
        let Ok(current) = Password::parse(typed.current) else {
            return (
                name,
                Err((ChangeProblem::Unusable, "not a password".to_owned())),
            );
        };
        let outcome = self.realm.change_password(&account, &current, new).await;
        let outcome = outcome.map_err(|error| {
            let problem = match &error {
                ChangeError::Policy(refusal) => ChangeProblem::Policy(*refusal),
                ChangeError::Directory(down) => {
                    ChangeProblem::NotProven(Failure::directory(down).problem)
                }
                ChangeError::Wrong => ChangeProblem::NotProven(Problem::NotRecognised),
                _ => ChangeProblem::Off,
            };
            (problem, error.to_string())
        });
        (name, outcome)
    }
}
