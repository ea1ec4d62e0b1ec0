use std::{
    future::Future,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use ldap3::{LdapConnAsync, LdapConnSettings, StdStream};
use tokio::task::AbortHandle;

use super::{
    DirectoryError, ServiceAccount, Settings, Step, TlsMode,
    bind_connection::BindConnection,
    connection::{Connection, Fault, connect, isolated, late, unavailable},
    roster::{Roster, Server},
    watch,
};

/// How long nobody binds as the service account after it was refused: each try counts towards
/// its lockout, on every server.
const REST_AFTER_REFUSAL: Duration = Duration::from_secs(15);

/// Opens connections to the best server there is.
pub(super) struct Dialer {
    settings: Arc<Settings>,
    roster: Roster,
    refused: Mutex<Option<(Instant, DirectoryError)>>,
    watchers: OnceLock<Vec<AbortHandle>>,
}

/// The time that one operation has, second attempt and new connection included.
#[derive(Clone, Copy)]
pub(super) struct Budget(Instant);

impl Budget {
    fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

impl Dialer {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            roster: Roster::new(&settings.servers),
            settings,
            refused: Mutex::default(),
            watchers: OnceLock::new(),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The time for one operation, from now.
    pub(super) fn budget(&self) -> Budget {
        Budget(Instant::now() + self.settings.limits.operation_deadline)
    }

    /// How long this server may take to answer: all the time there is, or, where another server
    /// is up to go to instead, the time of a first attempt.
    pub(super) fn patience(&self, server: &Server, budget: Budget) -> Duration {
        if self.roster.has_other(server) {
            budget.left().min(self.settings.limits.attempt_deadline)
        } else {
            budget.left()
        }
    }

    /// Takes note of what went wrong on a connection, and says whether the operation may be done
    /// once more on a new one: where another server is up; or where a kept connection turned out
    /// to be closed or to have forgotten who is bound.
    pub(super) fn note(
        &self,
        server: &Server,
        error: &DirectoryError,
        fault: &Fault,
        is_new: bool,
    ) -> bool {
        let blames_server = match fault {
            // The server may have closed a kept connection long ago, as is its right.
            Fault::Transport(_) => is_new,
            Fault::Late | Fault::Malformed => true,
            Fault::Answer(code, _) => matches!(code, 51 | 52),
        };
        if blames_server {
            server.failed(error);
        }
        let kept_went_stale = !is_new && matches!(fault, Fault::Transport(_) | Fault::Answer(1, _));
        kept_went_stale || self.roster.has_other(server)
    }

    /// Opens a connection for password checks, on which nobody is bound yet.
    pub(super) async fn dial(
        self: &Arc<Self>,
        avoid: Option<&Server>,
        budget: Budget,
    ) -> Result<BindConnection, DirectoryError> {
        self.first_that(avoid, budget, |server, patience| async move {
            BindConnection::open(&self.settings, &server, patience).await
        })
        .await
    }

    /// Opens a connection of the library's, on which nobody is bound yet.
    pub(super) async fn dial_unbound(
        self: &Arc<Self>,
        budget: Budget,
    ) -> Result<Connection, DirectoryError> {
        self.first_that(None, budget, |server, patience| async move {
            self.open(&server, patience).await
        })
        .await
    }

    /// Opens a connection bound as the service account.
    pub(super) async fn dial_bound(
        self: &Arc<Self>,
        avoid: Option<&Server>,
        budget: Budget,
    ) -> Result<Connection, DirectoryError> {
        if let Some((since, error)) = &*self.refused()
            && since.elapsed() < REST_AFTER_REFUSAL
        {
            return Err(error.clone());
        }
        let result = self
            .first_that(avoid, budget, |server, patience| async move {
                let connection = self.open(&server, patience).await?;
                let patience = self.patience(&server, budget);
                self.bind_service(connection, patience).await
            })
            .await;
        *self.refused() = match &result {
            Err(error @ DirectoryError::Refused { .. }) => Some((Instant::now(), error.clone())),
            _ => None,
        };
        result
    }

    /// Opens a connection to exactly this server, bound as the service account.
    pub(super) async fn dial_bound_to(
        &self,
        server: &Arc<Server>,
    ) -> Result<Connection, DirectoryError> {
        let limits = &self.settings.limits;
        let connection = self.open(server, limits.connect_deadline).await?;
        self.bind_service(connection, limits.operation_deadline)
            .await
    }

    /// Opens a connection to exactly this server, on which nobody is bound.
    pub(super) async fn dial_to(
        &self,
        server: &Arc<Server>,
        patience: Duration,
    ) -> Result<Connection, DirectoryError> {
        self.open(server, patience).await
    }

    async fn first_that<T, F: Future<Output = Result<T, DirectoryError>>>(
        self: &Arc<Self>,
        avoid: Option<&Server>,
        budget: Budget,
        open: impl Fn(Arc<Server>, Duration) -> F,
    ) -> Result<T, DirectoryError> {
        self.watch();
        let limits = &self.settings.limits;
        let candidates = self.roster.candidates(avoid)?;
        let mut failure = None;
        for (index, server) in candidates.iter().enumerate() {
            let is_last = index + 1 == candidates.len();
            let patience = if is_last {
                limits.connect_deadline
            } else {
                limits.connect_deadline.min(limits.attempt_deadline)
            };
            match open(server.clone(), patience.min(budget.left())).await {
                Ok(connection) => {
                    server.answered();
                    return Ok(connection);
                }
                // A wrong service password is wrong everywhere, and each try counts to lockout.
                Err(error @ DirectoryError::Refused { .. }) => return Err(error),
                Err(error) => {
                    server.failed(&error);
                    failure = Some(error);
                }
            }
        }
        Err(failure.unwrap_or(DirectoryError::Busy))
    }

    async fn bind_service(
        &self,
        connection: Connection,
        patience: Duration,
    ) -> Result<Connection, DirectoryError> {
        let settings = &self.settings;
        let mut ldap = connection.ldap();
        let service = settings.service.clone();
        let bind = async move {
            match service {
                ServiceAccount::Password { name, password } => {
                    ldap.simple_bind(&name, password.expose()).await
                }
                ServiceAccount::Certificate { .. } => ldap.sasl_external_bind().await,
            }
        };
        let answer = isolated(patience, bind).await;
        let result = answer.map_err(|fault| connection.failed(Step::Bind, fault))?;
        match result.rc {
            0 => Ok(connection),
            51 | 52 => Err(connection.failed(Step::Bind, Fault::Answer(result.rc, result.text))),
            code => Err(connection.refused(Step::Bind, code, &result.text)),
        }
    }

    async fn open(
        &self,
        server: &Arc<Server>,
        patience: Duration,
    ) -> Result<Connection, DirectoryError> {
        let settings = &self.settings;
        let started = Instant::now();
        let stream = connect(server, patience).await?;
        let stream = stream
            .into_std()
            .map_err(|error| unavailable(Step::Connect, server, error.to_string()))?;
        let ldap_settings = LdapConnSettings::new()
            .set_config(match &settings.service {
                ServiceAccount::Certificate { tls, .. } => tls.clone(),
                ServiceAccount::Password { .. } => settings.tls.clone(),
            })
            .set_starttls(settings.tls_mode == TlsMode::StartTls)
            .set_std_stream(StdStream::Tcp(stream));
        let url = server.name().to_owned();
        let rest = patience.saturating_sub(started.elapsed());
        let handshake = async move { LdapConnAsync::with_settings(ldap_settings, &url).await };
        let (driver, ldap) = isolated(rest, handshake).await.map_err(|fault| {
            let cause = match fault {
                Fault::Late => late(patience),
                other => other.to_string(),
            };
            unavailable(Step::Tls, server, cause)
        })?;
        let driver = tokio::spawn(async move {
            if let Err(error) = driver.drive().await {
                tracing::debug!(%error, "directory connection ended");
            }
        });
        Ok(Connection::new(ldap, driver.abort_handle(), server.clone()))
    }

    /// Begins to look after the servers, where there is a choice between them.
    fn watch(self: &Arc<Self>) {
        let servers = self.roster.all();
        if servers.len() > 1 {
            self.watchers.get_or_init(|| {
                servers
                    .iter()
                    .map(|server| watch::start(self, server))
                    .collect()
            });
        }
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, Option<(Instant, DirectoryError)>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Dialer {
    fn drop(&mut self) {
        for watcher in self.watchers.get().into_iter().flatten() {
            watcher.abort();
        }
    }
}
