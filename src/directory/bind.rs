use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::Semaphore;

use super::{
    AccountState, DirectoryError, Dn, Password, Step,
    account_state::InvalidCredentials,
    back_off::BackOff,
    bind_connection::BindConnection,
    bind_message::Answer,
    connection::{Dialer, Fault, shorten},
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
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    back_off: Mutex<BackOff>,
}

struct Idle {
    connection: BindConnection,
    since: Instant,
}

impl BindPool {
    pub(super) fn new(dialer: Arc<Dialer>) -> Self {
        let permits = Arc::new(Semaphore::new(dialer.settings().max_bind_connections));
        Self {
            dialer,
            permits,
            idle: Mutex::default(),
            back_off: Mutex::default(),
        }
    }

    pub(super) async fn check(
        self: &Arc<Self>,
        dn: &Dn,
        password: &Password,
    ) -> Result<PasswordProof, BindError> {
        // A bind with an empty name may be answered as an anonymous one, with success.
        if dn.depth() == 0 {
            return Err(BindError::Wrong);
        }
        let waiting = self.permits.clone().acquire_owned();
        let permit = tokio::time::timeout(self.dialer.settings().bind_wait, waiting)
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(DirectoryError::Busy)?;
        // On its own task, so that a browser that goes away leaves no connection half used.
        let (pool, name, password) = (self.clone(), dn.as_str().to_owned(), password.clone());
        let task = tokio::spawn(async move {
            let result = pool.bind(&name, &password).await;
            drop(permit);
            result
        });
        let answer = task.await.map_err(|_| DirectoryError::Unavailable {
            step: Step::PasswordCheck,
            server: String::new(),
            cause: "the check ended early".to_owned(),
        })??;
        read(&answer).map(|()| PasswordProof { dn: dn.clone() })
    }

    async fn bind(&self, dn: &str, password: &Password) -> Result<Answer, DirectoryError> {
        if let Some(connection) = self.take_idle() {
            // The server may have closed a kept connection a moment ago, unseen. Only then is
            // there a second try; after a deadline there is none, since the server may have
            // counted the first towards lockout.
            match self.bind_on(connection, dn, password).await {
                Err((Fault::Transport(_), _)) => {}
                Err((_, error)) => return Err(error),
                Ok(result) => return Ok(result),
            }
        }
        self.back_off().check()?;
        let dialled = self.dialer.dial().await;
        self.back_off().note(&dialled);
        self.bind_on(dialled?, dn, password)
            .await
            .map_err(|(_, error)| error)
    }

    async fn bind_on(
        &self,
        mut connection: BindConnection,
        dn: &str,
        password: &Password,
    ) -> Result<Answer, (Fault, DirectoryError)> {
        let deadline = self.dialer.settings().operation_deadline;
        let fault = match connection.bind(dn, password, deadline).await {
            Ok(Answer {
                code: code @ (1 | 3 | 51 | 52 | 80),
                text,
            }) => Fault::Answer(code, text),
            Ok(answer) => {
                self.put_idle(connection);
                return Ok(answer);
            }
            Err(fault) => fault,
        };
        if matches!(fault, Fault::Late) {
            self.dialer.distrust(connection.server());
        }
        let error = connection.failed(Step::PasswordCheck, &fault);
        Err((fault, error))
    }

    fn take_idle(&self) -> Option<BindConnection> {
        let mut idle = self.idle();
        while let Some(mut last) = idle.pop() {
            if last.connection.is_quiet() && last.since.elapsed() < MAX_IDLE {
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

    fn back_off(&self) -> MutexGuard<'_, BackOff> {
        self.back_off.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Only result 0 is a yes.
fn read(answer: &Answer) -> Result<(), BindError> {
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
