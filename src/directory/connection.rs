use std::{
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use tokio::{net::TcpStream, task::AbortHandle};

use super::{ServerUrl, Settings, TlsMode};

/// What was being done when a directory failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Finding the server's address and opening the TCP connection.
    Connect,
    /// The TLS handshake, StartTLS included: a wrong CA or name, or a server without TLS.
    Tls,
    /// The bind of the service account.
    Bind,
    /// Reading the configured base.
    Base,
    /// A search.
    Search,
    /// A password check.
    PasswordCheck,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Connect => "connect",
            Self::Tls => "TLS",
            Self::Bind => "service account bind",
            Self::Base => "reading the base",
            Self::Search => "search",
            Self::PasswordCheck => "password check",
        })
    }
}

/// Why the directory gave no answer. Nothing here says anything about an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// No server could be reached, or none answered within its deadline. Trying later may help.
    #[error("the directory is unavailable: {step} at {server}: {cause}")]
    Unavailable {
        /// How far it came.
        step: Step,
        /// The server, the last of those tried.
        server: String,
        /// What happened, for an administrator.
        cause: String,
    },
    /// All connections for password checks are in use. Trying again in a moment helps.
    #[error("all connections for password checks are in use")]
    Busy,
    /// The directory answered with a result code that only an administrator can mend: a wrong
    /// password of the service account (49), a base that is not there (32), missing rights (50).
    #[error("the directory refused: {step} at {server}: result {code} {text}")]
    Refused {
        /// What was asked for.
        step: Step,
        /// The server that refused.
        server: String,
        /// The LDAP result code (RFC 4511 4.1.9).
        code: u32,
        /// The diagnostic text of the server, shortened.
        text: String,
    },
}

/// Opens connections: the first server in order that lets itself be reached.
pub(super) struct Dialer {
    settings: Arc<Settings>,
    /// Index of the server to try first. Moves on when that one fails.
    preferred: AtomicUsize,
}

impl Dialer {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            preferred: AtomicUsize::new(0),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Opens a connection on which nobody is bound yet.
    pub(super) async fn dial(&self) -> Result<Connection, DirectoryError> {
        self.first_that(|connection| async { Ok(connection) }).await
    }

    /// Opens a connection bound as the service account.
    pub(super) async fn dial_bound(&self) -> Result<Connection, DirectoryError> {
        self.first_that(|connection| self.bind_service(connection))
            .await
    }

    /// Has the next dial begin with another server, because this one hangs.
    pub(super) fn distrust(&self, server: usize) {
        let next = (server + 1) % self.settings.servers.len().max(1);
        // Another task may have moved on already; then its choice stands.
        let _ = self
            .preferred
            .compare_exchange(server, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Opens a connection to exactly this server, bound as the service account.
    pub(super) async fn dial_bound_to(&self, server: usize) -> Result<Connection, DirectoryError> {
        let connection = self.open(server).await?;
        self.bind_service(connection).await
    }

    async fn first_that<F: Future<Output = Result<Connection, DirectoryError>>>(
        &self,
        finish: impl Fn(Connection) -> F,
    ) -> Result<Connection, DirectoryError> {
        let count = self.settings.servers.len();
        let first = self.preferred.load(Ordering::Relaxed);
        let mut failure = None;
        for server in (first..first + count).map(|index| index % count) {
            let result = match self.open(server).await {
                Ok(connection) => finish(connection).await,
                Err(error) => Err(error),
            };
            match result {
                Ok(connection) => {
                    self.preferred.store(server, Ordering::Relaxed);
                    return Ok(connection);
                }
                // A wrong service password is wrong everywhere, and each try counts to lockout.
                Err(error @ DirectoryError::Refused { .. }) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "directory server does not answer");
                    failure = Some(error);
                }
            }
        }
        Err(failure.unwrap_or(DirectoryError::Unavailable {
            step: Step::Connect,
            server: String::new(),
            cause: "no server is configured".to_owned(),
        }))
    }

    async fn bind_service(&self, connection: Connection) -> Result<Connection, DirectoryError> {
        let settings = &self.settings;
        let mut ldap = connection.ldap();
        let (dn, password) = (settings.bind_dn.clone(), settings.bind_password.clone());
        let bind = async move { ldap.simple_bind(&dn, password.expose()).await };
        let answer = isolated(settings.operation_deadline, bind).await;
        let result = answer.map_err(|fault| connection.failed(Step::Bind, fault))?;
        match result.rc {
            0 => Ok(connection),
            51 | 52 => Err(connection.failed(Step::Bind, Fault::Answer(result.rc, result.text))),
            code => Err(connection.refused(Step::Bind, code, &result.text)),
        }
    }

    async fn open(&self, index: usize) -> Result<Connection, DirectoryError> {
        let settings = &self.settings;
        let unavailable = |step, server: &ServerUrl, cause: String| DirectoryError::Unavailable {
            step,
            server: server.to_string(),
            cause,
        };
        let Some(server) = settings.servers.get(index) else {
            return Err(DirectoryError::Unavailable {
                step: Step::Connect,
                server: String::new(),
                cause: "no such server".to_owned(),
            });
        };
        let started = Instant::now();
        let late = || format!("no answer within {:?}", settings.connect_deadline);

        // The stream is opened here and not in the library, which leaves Nagle's algorithm on:
        // together with delayed ACKs that makes 40 ms of each handshake.
        let connect = async {
            let stream = TcpStream::connect((server.host(), server.port())).await?;
            stream.set_nodelay(true)?;
            stream.into_std()
        };
        let stream = tokio::time::timeout(settings.connect_deadline, connect)
            .await
            .map_err(|_| unavailable(Step::Connect, server, late()))?
            .map_err(|error| unavailable(Step::Connect, server, error.to_string()))?;

        let ldap_settings = LdapConnSettings::new()
            .set_config(settings.tls.clone())
            .set_starttls(settings.tls_mode == TlsMode::StartTls)
            .set_std_stream(StdStream::Tcp(stream));
        let url = server.to_string();
        let rest = settings.connect_deadline.saturating_sub(started.elapsed());
        let handshake = async move { LdapConnAsync::with_settings(ldap_settings, &url).await };
        let (driver, ldap) = isolated(rest, handshake).await.map_err(|fault| {
            let cause = match fault {
                Fault::Late => late(),
                other => other.to_string(),
            };
            unavailable(Step::Tls, server, cause)
        })?;
        let driver = tokio::spawn(async move {
            if let Err(error) = driver.drive().await {
                tracing::debug!(%error, "directory connection ended");
            }
        });
        Ok(Connection {
            ldap,
            driver: driver.abort_handle(),
            server: index,
            name: server.to_string(),
        })
    }
}

/// An open connection. Dropping it closes it, whatever the server does.
pub(super) struct Connection {
    ldap: Ldap,
    driver: AbortHandle,
    server: usize,
    name: String,
}

impl Connection {
    /// A handle for one operation.
    pub(super) fn ldap(&self) -> Ldap {
        self.ldap.clone()
    }

    /// Index of the server in the settings.
    pub(super) fn server(&self) -> usize {
        self.server
    }

    /// The server, as written in the settings.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the server is known to have closed it.
    pub(super) fn is_closed(&self) -> bool {
        self.ldap.clone().is_closed()
    }

    pub(super) fn failed(&self, step: Step, fault: impl fmt::Display) -> DirectoryError {
        let cause = fault.to_string();
        DirectoryError::Unavailable {
            step,
            server: self.name.clone(),
            cause,
        }
    }

    pub(super) fn refused(&self, step: Step, code: u32, text: &str) -> DirectoryError {
        DirectoryError::Refused {
            step,
            server: self.name.clone(),
            code,
            text: shorten(text),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The driver would otherwise wait for as long as a hung server keeps the socket open.
        self.driver.abort();
    }
}

/// What went wrong with one operation, below LDAP's own result codes.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The deadline passed.
    #[error("no answer within the deadline")]
    Late,
    /// The connection ended, or was never one.
    #[error("{}", innermost(.0))]
    Transport(LdapError),
    /// The answer was not LDAP as the library or we read it.
    #[error("the server's answer cannot be read")]
    Malformed,
    /// The server says that it cannot serve now.
    #[error("result {0} {text}", text = shorten(.1))]
    Answer(u32, String),
}

/// Runs one operation with a deadline, in the task of the caller. The LDAP library panics on some
/// malformed answers: that becomes an error here.
pub(super) async fn guarded<T>(
    deadline: Duration,
    operation: impl Future<Output = Result<T, LdapError>>,
) -> Result<T, Fault> {
    // Nothing of the operation is looked at again after a panic.
    let mut operation = pin!(operation);
    let unwinding =
        poll_fn(
            |cx| match catch_unwind(AssertUnwindSafe(|| operation.as_mut().poll(cx))) {
                Ok(poll) => poll.map_err(Fault::Transport),
                Err(_) => Poll::Ready(Err(Fault::Malformed)),
            },
        );
    tokio::time::timeout(deadline, unwinding)
        .await
        .unwrap_or(Err(Fault::Late))
}

/// As [`guarded`], on a task of its own: it goes on when the caller is given up, which a
/// connection shared with others needs.
pub(super) async fn isolated<T: Send + 'static>(
    deadline: Duration,
    operation: impl Future<Output = Result<T, LdapError>> + Send + 'static,
) -> Result<T, Fault> {
    tokio::spawn(guarded(deadline, operation))
        .await
        .unwrap_or(Err(Fault::Malformed))
}

/// Diagnostic texts come from the server: bounded, on one line.
pub(super) fn shorten(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}

fn innermost(error: &LdapError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    shorten(&cause.to_string())
}
