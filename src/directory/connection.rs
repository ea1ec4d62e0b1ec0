use std::{fmt, future::Future, sync::Arc, time::Duration};

use ldap3::{Ldap, LdapError};
use tokio::{net::TcpStream, task::AbortHandle};

use super::roster::Server;

/// What was being done when a directory failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Finding out by DNS which servers there are.
    Discovery,
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
    /// A change of password.
    PasswordChange,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Discovery => "discovery",
            Self::Connect => "connect",
            Self::Tls => "TLS",
            Self::Bind => "service account bind",
            Self::Base => "reading the base",
            Self::Search => "search",
            Self::PasswordCheck => "password check",
            Self::PasswordChange => "password change",
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
    /// As many operations are in flight as may be. Trying again in a moment helps.
    #[error("too many directory operations are in flight")]
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

/// A TCP connection to a server.
///
/// The name of a server that the settings list is resolved anew for each connection, by the
/// system; nothing of the answer is kept. Where the server was discovered, so were its addresses.
pub(super) async fn connect(
    server: &Server,
    patience: Duration,
) -> Result<TcpStream, DirectoryError> {
    let url = server.url();
    let connect = async {
        let stream = match server.addresses() {
            None => TcpStream::connect((url.host(), url.port())).await?,
            Some(addresses) => TcpStream::connect(&*addresses).await?,
        };
        // Nagle's algorithm together with delayed ACKs makes 40 ms of each handshake.
        stream.set_nodelay(true)?;
        Ok::<_, std::io::Error>(stream)
    };
    tokio::time::timeout(patience, connect)
        .await
        .map_err(|_| unavailable(Step::Connect, server, late(patience)))?
        .map_err(|error| unavailable(Step::Connect, server, error.to_string()))
}

pub(super) fn unavailable(step: Step, server: &Server, cause: String) -> DirectoryError {
    DirectoryError::Unavailable {
        step,
        server: server.name().to_owned(),
        cause,
    }
}

/// What is said of a server that did not let itself be reached in time.
pub(super) fn late(patience: Duration) -> String {
    format!("no answer within {patience:.0?}")
}

/// An open connection. Dropping it closes it, whatever the server does.
pub(super) struct Connection {
    ldap: Ldap,
    driver: AbortHandle,
    server: Arc<Server>,
}

impl Connection {
    pub(super) fn new(ldap: Ldap, driver: AbortHandle, server: Arc<Server>) -> Self {
        Self {
            ldap,
            driver,
            server,
        }
    }

    /// A handle for one operation.
    pub(super) fn ldap(&self) -> Ldap {
        self.ldap.clone()
    }

    /// The server that it leads to.
    pub(super) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// The address of the server.
    pub(super) fn name(&self) -> &str {
        self.server.name()
    }

    /// Whether the server is known to have closed it.
    pub(super) fn is_closed(&self) -> bool {
        self.ldap.clone().is_closed()
    }

    pub(super) fn failed(&self, step: Step, fault: impl fmt::Display) -> DirectoryError {
        unavailable(step, &self.server, fault.to_string())
    }

    pub(super) fn refused(&self, step: Step, code: u32, text: &str) -> DirectoryError {
        DirectoryError::Refused {
            step,
            server: self.name().to_owned(),
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
