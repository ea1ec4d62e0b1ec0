//! Whose password it is, by whatever door it came.
//!
//! Neither text nor work tells which names exist. Nobody's password is taken here who belongs elsewhere,
//! by whichever of her names she comes.

use crate::{
    directory::{BindError, Password},
    realm::{Directories, MappedAccount, MappingError, SignInName},
};

use super::{Admission, Problem, SignIn, Source, Typed, Verdict, failure::Failure};

impl SignIn {
    /// The account whose password it is.
    pub(super) async fn prove_password(
        &self,
        typed: Typed<'_>,
    ) -> Result<(SignInName, MappedAccount), Failure> {
        let name = SignInName::parse(typed.name)
            .map_err(|error| Failure::not_recognised(error.to_string()))?;
        // A bare name that led to nobody may be a password in the wrong field: for the audit, only
        // an address is a name before there is an account.
        let address = name.as_address().map(|_| name.key());
        let password = Password::parse(typed.password).map_err(|_| {
            Failure::not_recognised("not a password".to_owned()).of(address.clone())
        })?;
        let directories = self.directories(&name, typed.source);
        let found = match directories {
            Some(directories) => self.realm.find_in(directories, &name).await,
            None => Err(MappingError::NoMatch),
        };
        let told = if found.is_ok() {
            Some(name.key())
        } else {
            address
        };
        let outcome = self.guarded(&name, found, &password, typed.source).await;
        // The account of whoever has the right password, whatever else keeps it out.
        let proven = match &outcome {
            Ok(account) => Some(account),
            Err(failure) => failure.account.as_ref(),
        };
        let elsewhere = proven.and_then(|account| self.address_route(account, typed.source));
        match (outcome, elsewhere) {
            (_, Some(elsewhere)) => Err(Failure::by_address(elsewhere).of(told)),
            (Ok(account), None) => Ok((name, account)),
            (Err(failure), None) => Err(failure.of(told)),
        }
    }

    /// Checks a password unless too many attempts have failed.
    ///
    /// Names that lead to no account, and accounts that are guarded, cost a bind too, and get the
    /// same answer: neither text nor work tells which names exist.
    async fn guarded(
        &self,
        name: &SignInName,
        found: Result<MappedAccount, MappingError>,
        password: &Password,
        source: &Source,
    ) -> Result<MappedAccount, Failure> {
        if let Err(MappingError::Directory(error)) = &found {
            return Err(Failure::directory(error));
        }
        // By account where there is one, so that aliases give no further attempts.
        let counted = match &found {
            Ok(account) => account.immutable_id().as_str().to_owned(),
            Err(_) => name.key(),
        };
        let attempt = match self.guard.admit(&counted, source).await {
            Ok(Admission::Admitted(attempt)) => attempt,
            Ok(Admission::AccountGuarded) => {
                let cause = "too many failures for this account";
                return Err(self.decoy(name, password, source, cause).await);
            }
            Ok(Admission::SourceGuarded) => return Err(Failure::too_many()),
            Err(error) => return Err(Failure::store(&error)),
        };
        let outcome = match found {
            Ok(account) => self.bind(account, password).await,
            Err(error) => {
                let cause = error.to_string();
                Err(self.decoy(name, password, source, &cause).await)
            }
        };
        let verdict = match &outcome {
            Ok(_) => Verdict::Right,
            Err(failure) => failure.verdict,
        };
        match self.guard.settle(attempt, verdict).await {
            Ok(()) => outcome,
            Err(error) => Err(Failure::store(&error)),
        }
    }

    async fn bind(
        &self,
        account: MappedAccount,
        password: &Password,
    ) -> Result<MappedAccount, Failure> {
        match self.realm.prove(&account, password).await {
            Ok(_) => Ok(account),
            Err(BindError::Directory(error)) => Err(Failure::directory(&error)),
            // Whoever has the right password may know why it does not help; nobody else.
            Err(BindError::State(state)) if state.password_was_right() => Err(Failure {
                problem: Problem::Account(state),
                name: None,
                cause: format!("right password, but the account's state is {state:?}"),
                verdict: Verdict::Right,
                may_change: state.is_ended_by_a_new_password()
                    && self.realm.changes_passwords(&account),
                account: Some(account),
                elsewhere: None,
            }),
            Err(error) => Err(Failure::not_recognised(error.to_string())),
        }
    }

    /// Does the work of a password check that fails.
    async fn decoy(
        &self,
        name: &SignInName,
        password: &Password,
        source: &Source,
        cause: &str,
    ) -> Failure {
        let directories = self.directories(name, source).unwrap_or(Directories::All);
        match self.realm.decoy_in(directories, name, password).await {
            Ok(()) => Failure::not_recognised(cause.to_owned()),
            Err(error) => Failure::directory(&error),
        }
    }
}
