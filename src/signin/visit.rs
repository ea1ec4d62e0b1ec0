//! A sign-in that no relying party asks for: to a page of our own.

use crate::observe::CorrelationId;

use super::{
    Discovered, Elsewhere, Problem, Session, SessionToken, SignIn, Typed, hint::hint_agrees,
};

/// What comes of a name and a password that are typed for a page of our own.
#[derive(Debug)]
pub enum Visit {
    /// Ask again, and say what was wrong.
    Prompt(Problem),
    /// Ask for the name alone again, and say what was wrong.
    AskName(Problem),
    /// She goes elsewhere.
    Elsewhere(Elsewhere),
    /// The password was right and has expired: ask for a new one.
    ChangePassword,
    /// She is signed in: the cookie to set, and the session behind it.
    SignedIn(SessionToken, Box<Session>),
    /// What was brought has been brought before.
    AlreadyAnswered,
    /// A random number could not be had, or the store failed.
    Failed,
}

impl SignIn {
    /// The live session behind a token, if it is of the person whom `hint` names.
    pub async fn session(&self, token: &SessionToken, hint: Option<&str>) -> Option<Session> {
        let session = self.sessions.find(token).await?;
        hint_agrees(hint, &session).then_some(session)
    }

    /// The person has typed a name and a password. A session that this browser had before ends, as by
    /// any sign-in.
    pub async fn visit(
        &self,
        correlation: &CorrelationId,
        previous: Option<&SessionToken>,
        typed: Typed<'_>,
    ) -> Visit {
        if typed.name.trim().is_empty() || typed.password.is_empty() {
            return Visit::Prompt(Problem::Incomplete);
        }
        match self.instead_of_password(typed.name, typed.source) {
            Some(Discovered::Elsewhere(elsewhere)) => return Visit::Elsewhere(elsewhere),
            Some(_) => return Visit::AskName(Problem::NoHome),
            None => {}
        }
        let mut session = match self.authenticate(correlation, None, typed).await {
            Ok(Ok(session)) => session,
            Ok(Err(_)) => return Visit::Failed,
            Err(failure) => return failure.visit_at_password(),
        };
        match self.succeed(previous, &mut session).await {
            Ok(token) => Visit::SignedIn(token, Box::new(session)),
            Err(_) => Visit::Failed,
        }
    }
}
