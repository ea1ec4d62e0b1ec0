use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use tokio::{net::TcpStream, task::AbortHandle};

use super::{ServerUrl, Settings, TlsMode, bind_connection::BindConnection};

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

    /// Opens a connection for password checks, on which nobody is bound yet.
    pub(super) async fn dial(&self) -> Result<BindConnection, DirectoryError> {
        self.first_that(|server| BindConnection::open(&self.settings, server))
            .await
    }

    /// Opens a connection bound as the service account.
    pub(super) async fn dial_bound(&self) -> Result<Connection, DirectoryError> {
        self.first_that(|server| self.dial_bound_to(server)).await
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

    async fn first_that<T, F: Future<Output = Result<T, DirectoryError>>>(
        &self,
        open: impl Fn(usize) -> F,
    ) -> Result<T, DirectoryError> {
        let count = self.settings.servers.len();
        let first = self.preferred.load(Ordering::Relaxed);
        let mut failure = None;
        for server in (first..first + count).map(|index| index % count) {
            match open(server).await {
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
        let started = Instant::now();
        let (server, stream) = connect(settings, index).await?;
        let stream = stream
            .into_std()
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
                Fault::Late => late(settings),
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

/// The TCP connection to the server with this index.
pub(super) async fn connect(
    settings: &Settings,
    index: usize,
) -> Result<(&ServerUrl, TcpStream), DirectoryError> {
    let server = settings
        .servers
        .get(index)
        .ok_or_else(|| DirectoryError::Unavailable {
            step: Step::Connect,
            server: String::new(),
            cause: "no such server".to_owned(),
        })?;
    let connect = async {
        let stream = TcpStream::connect((server.host(), server.port())).await?;
        // Nagle's algorithm together with delayed ACKs makes 40 ms of each handshake.
        stream.set_nodelay(true)?;
        Ok::<_, std::io::Error>(stream)
    };
    let stream = tokio::time::timeout(settings.connect_deadline, connect)
        .await
        .map_err(|_| unavailable(Step::Connect, server, late(settings)))?
        .map_err(|error| unavailable(Step::Connect, server, error.to_string()))?;
    Ok((server, stream))
}

pub(super) fn unavailable(step: Step, server: &ServerUrl, cause: String) -> DirectoryError {
    DirectoryError::Unavailable {
        step,
        server: server.to_string(),
        cause,
    }
}

/// What is said of a server that did not let itself be reached in time.
pub(super) fn late(settings: &Settings) -> String {
    format!("no answer within {:?}", settings.connect_deadline)
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

/// Runs one operation with a deadline, on a task of its own, since the LDAP library panics on
/// some malformed answers: that becomes an error here.
pub(super) async fn isolated<T: Send + 'static>(
    deadline: Duration,
    operation: impl Future<Output = Result<T, LdapError>> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::spawn(tokio::time::timeout(deadline, operation)).await {
        Ok(Ok(result)) => result.map_err(Fault::Transport),
        Ok(Err(_)) => Err(Fault::Late),
        Err(_) => Err(Fault::Malformed),
    }
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
