use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{
    AccountState, DirectoryError, Dn, ObjectGuid, Password, Principal, Step,
    account_state::InvalidCredentials,
    bind_connection::BindConnection,
    bind_message::Answer,
    connection::{Fault, shorten},
    dialer::{Budget, Dialer},
    gate::Gate,
    search::MAX_IDLE,
};

/// The directory accepted this account's password. Only a bind makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordProof {
    dn: Dn,
}

impl PasswordProof {
    /// The account whose password it was.
    pub fn dn(&self) -> &Dn {
        &self.dn
    }
}

/// Why a password was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The password is wrong, or there is no such account (result 49).
    #[error("wrong password or unknown account")]
    Wrong,
    /// The account's state forbids it. See [`AccountState::password_was_right`] for what may be
    /// told.
    #[error("the account's state forbids signing in: {0:?}")]
    State(AccountState),
    /// The password is right, but what has the name now is another account than the one that the
    /// name was mapped to a while ago. Trying again maps it anew.
    #[error("the entry is not the account any more that the name was mapped to")]
    AnotherAccount,
    /// The directory refused for another reason, such as unwillingToPerform (53). Says nothing
    /// about the password.
    #[error("the directory refused the bind: result {code} {text}")]
    Refused {
        /// The LDAP result code (RFC 4511 4.1.9).
        code: u32,
        /// The diagnostic text of the server, shortened.
        text: String,
    },
    /// No answer: down, hung or busy.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// Connections on which passwords are checked. Each bind replaces the identity that the last one
/// left, and nothing else is ever done on them.
pub(super) struct BindPool {
    dialer: Arc<Dialer>,
    gate: Gate,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: BindConnection,
    since: Instant,
}

/// A [`Principal`], owned.
struct Name {
    dn: String,
    guid: Option<ObjectGuid>,
}

impl BindPool {
    pub(super) fn new(dialer: Arc<Dialer>) -> Self {
        let limits = &dialer.settings().limits;
        Self {
            gate: Gate::new(limits.max_bind_connections, limits.max_wait),
            dialer,
            idle: Mutex::default(),
        }
    }

    pub(super) async fn check(
        self: &Arc<Self>,
        principal: Principal<'_>,
        password: &Password,
    ) -> Result<PasswordProof, BindError> {
        let dn = principal.dn;
        // A bind with an empty name may be answered as an anonymous one, with success.
        if dn.depth() == 0 {
            return Err(BindError::Wrong);
        }
        let place = self.gate.enter().await?;
        // On its own task, so that a browser that goes away leaves no connection half used.
        let (pool, password) = (self.clone(), password.clone());
        let name = Name {
            dn: dn.as_str().to_owned(),
            guid: principal.guid.filter(|_| self.dialer.binds_by_guid(dn)),
        };
        let task = tokio::spawn(async move {
            let result = pool.bind(&name, &password).await;
            drop(place);
            result
        });
        let answer = task.await.map_err(|_| DirectoryError::Unavailable {
            step: Step::PasswordCheck,
            server: String::new(),
            cause: "the check ended early".to_owned(),
        })??;
        read(&answer).map(|()| PasswordProof { dn: dn.clone() })
    }

    /// Sends the password once, and a second time only where [`Dialer::note`] allows it: to
    /// another server when this one failed, or on a new connection when a kept one had been closed
    /// unseen. Never a third time: a server that does not answer may have counted the attempt
    /// towards the account's lockout, so that a wrong password may cost two attempts, and no more.
    async fn bind(&self, name: &Name, password: &Password) -> Result<Answer, DirectoryError> {
        let budget = self.dialer.budget();
        let (connection, is_new) = match self.take_idle() {
            Some(connection) => (connection, false),
            None => (self.dialer.dial(None, budget).await?, true),
        };
        let server = connection.server().clone();
        match self
            .bind_on(connection, is_new, name, password, budget)
            .await
        {
            Ok(answer) => return Ok(answer),
            Err((error, true)) => tracing::debug!(%error, "a password check is tried again"),
            Err((error, false)) => return Err(error),
        }
        let connection = self.dialer.dial(Some(&server), budget).await?;
        let second = self.bind_on(connection, true, name, password, budget);
        second.await.map_err(|(error, _)| error)
    }

    /// The answer, or an error and whether another attempt is allowed.
    async fn bind_on(
        &self,
        mut connection: BindConnection,
        is_new: bool,
        name: &Name,
        password: &Password,
        budget: Budget,
    ) -> Result<Answer, (DirectoryError, bool)> {
        let patience = self.dialer.patience(connection.server(), budget);
        let guid_names = connection.server().guid_names();
        let by_guid = guid_names
            .zip(name.guid)
            .map(|(names, guid)| names.notation.write(guid));
        let name = by_guid.as_deref().unwrap_or(&name.dn);
        let fault = match connection.bind(name, password, patience).await {
            Ok(Answer {
                code: code @ (1 | 3 | 51 | 52 | 80),
                text,
                ..
            }) => Fault::Answer(code, text),
            Ok(answer) => {
                self.put_idle(connection);
                return Ok(answer);
            }
            Err(fault) => fault,
        };
        let error = connection.failed(Step::PasswordCheck, &fault);
        let may_repeat = self
            .dialer
            .note(connection.server(), &error, &fault, is_new);
        Err((error, may_repeat))
    }

    fn take_idle(&self) -> Option<BindConnection> {
        let roster = self.dialer.roster();
        let mut idle = self.idle();
        while let Some(mut last) = idle.pop() {
            let is_wanted = roster.wants(last.connection.server());
            if is_wanted && last.since.elapsed() < MAX_IDLE && last.connection.is_quiet() {
                return Some(last.connection);
            }
        }
        None
    }

    fn put_idle(&self, connection: BindConnection) {
        let mut idle = self.idle();
        // The last used are at the end and taken first, so the others grow old at the front.
        let stale = idle
            .iter()
            .take_while(|idle| idle.since.elapsed() >= MAX_IDLE)
            .count();
        idle.drain(..stale);
        idle.push(Idle {
            connection,
            since: Instant::now(),
        });
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Only result 0 is a yes, and only where no state of the account stands beside it.
fn read(answer: &Answer) -> Result<(), BindError> {
    if let (0 | 49, Some(state)) = (answer.code, answer.state) {
        return Err(BindError::State(state));
    }
    match answer.code {
        0 => Ok(()),
        49 => Err(match InvalidCredentials::from_text(&answer.text) {
            InvalidCredentials::Wrong => BindError::Wrong,
            InvalidCredentials::State(state) => BindError::State(state),
            InvalidCredentials::OtherSubCode(_) => BindError::Refused {
                code: 49,
                text: shorten(&answer.text),
            },
        }),
        code => Err(BindError::Refused {
            code,
            text: shorten(&answer.text),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zero_is_a_yes() {
        for code in 0..130 {
            let answer = Answer {
                code,
                text: "success".to_owned(),
                state: None,
            };
            let expected = match code {
                0 => Ok(()),
                49 => Err(BindError::Wrong),
                code => Err(BindError::Refused {
                    code,
                    text: "success".to_owned(),
                }),
            };
            assert_eq!(read(&answer), expected);
        }
    }
}
