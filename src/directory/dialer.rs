use std::{
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ldap3::{LdapConnAsync, LdapConnSettings, StdStream};
use tokio::task::AbortHandle;

use super::{
    DirectoryError, Discovered, DiscoveryError, Dn, Servers, ServiceAccount, Settings, Step,
    TlsMode,
    bind_connection::BindConnection,
    connection::{Connection, Fault, connect, isolated, late, unavailable},
    principal, refresh,
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
    watchers: Mutex<Vec<(Arc<Server>, AbortHandle)>>,
    refresher: OnceLock<AbortHandle>,
    /// Whether servers are asked which names they take.
    learns: AtomicBool,
    /// Whether the servers have been looked up once, or need not be.
    is_looked_up: tokio::sync::watch::Sender<bool>,
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
            is_looked_up: tokio::sync::watch::Sender::new(matches!(
                settings.servers,
                Servers::Listed(_)
            )),
            settings,
            refused: Mutex::default(),
            watchers: Mutex::default(),
            refresher: OnceLock::new(),
            learns: AtomicBool::new(false),
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
        if let Ok(connection) = &result {
            self.learn(connection.server());
        }
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
        self.refresh();
        self.wait_for_servers(budget).await;
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

    /// Begins what goes on in the background. Needs a runtime.
    pub(super) fn start(self: &Arc<Self>) {
        self.learns.store(true, Ordering::Relaxed);
        self.refresh();
    }

    /// Begins to look up the servers, where they are not listed; again and again from then on.
    fn refresh(self: &Arc<Self>) {
        if matches!(self.settings.servers, Servers::Discovered(_)) {
            self.refresher.get_or_init(|| refresh::start(self));
        }
    }

    /// Asks a server once which names it takes, on a connection of its own.
    fn learn(self: &Arc<Self>, server: &Arc<Server>) {
        if !self.learns.load(Ordering::Relaxed) || !server.is_to_be_asked() {
            return;
        }
        let (dialer, server) = (self.clone(), server.clone());
        tokio::spawn(async move {
            let learned = async {
                let connection = dialer.dial_bound_to(&server).await?;
                principal::learn(&dialer, &connection).await
            };
            let answer = learned.await;
            tracing::debug!(?server, ?answer, "how accounts are bound by objectGUID");
            // Where there was no answer, the next connection asks again.
            server.was_asked(answer);
        });
    }

    /// Whether accounts of this name may be bound by their `objectGUID`, where the server that is
    /// asked takes it: those of the domain for which a server has shown it.
    pub(super) fn binds_by_guid(&self, dn: &Dn) -> bool {
        let servers = self.roster.all();
        let mut known = servers.iter().filter_map(|server| server.guid_names());
        known
            .next()
            .is_some_and(|names| dn.is_within(&names.domain))
    }

    /// Looks the servers up now; nothing where they are listed. What was found before stays where
    /// nothing is found.
    pub(super) async fn look_up(self: &Arc<Self>) -> Option<Result<Discovered, DiscoveryError>> {
        let Servers::Discovered(discovery) = &self.settings.servers else {
            return None;
        };
        let (discovery, known) = (discovery.clone(), self.roster.discovered());
        let scheme = self.settings.tls_mode.scheme();
        // On a task of its own, since DNS messages are read by a library that might panic.
        let task = tokio::spawn(async move { discovery.look_up(scheme, &known).await });
        let outcome = task.await.unwrap_or(Err(DiscoveryError::Broken));
        match &outcome {
            Ok(found) => {
                if self.roster.take_over(&found.servers) {
                    let servers = self.roster.all();
                    tracing::info!(service = %found.service, ?servers, "directory servers found");
                }
                self.watch();
            }
            Err(error) => self.roster.not_found(error.to_string()),
        }
        self.is_looked_up.send_replace(true);
        Some(outcome)
    }

    /// Only in the first moments is there anything to wait for.
    async fn wait_for_servers(&self, budget: Budget) {
        if *self.is_looked_up.borrow() {
            return;
        }
        let mut is_looked_up = self.is_looked_up.subscribe();
        // What there is to say about it, the roster says.
        let _ = tokio::time::timeout(budget.left(), is_looked_up.wait_for(|is| *is)).await;
    }

    /// Looks after the servers there are now, where there is a choice between them.
    fn watch(self: &Arc<Self>) {
        let servers = self.roster.all();
        let is_choice = servers.len() > 1;
        let mut watchers = self.watchers();
        watchers.retain(|(watched, task)| {
            let stays = is_choice && servers.iter().any(|server| server.is(watched));
            if !stays {
                task.abort();
            }
            stays
        });
        for server in servers.iter().filter(|_| is_choice) {
            if !watchers.iter().any(|(watched, _)| watched.is(server)) {
                watchers.push((server.clone(), watch::start(self, server)));
            }
        }
    }

    fn watchers(&self) -> MutexGuard<'_, Vec<(Arc<Server>, AbortHandle)>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, Option<(Instant, DirectoryError)>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Dialer {
    fn drop(&mut self) {
        for (_, watcher) in self.watchers().iter() {
            watcher.abort();
        }
        if let Some(refresher) = self.refresher.get() {
            refresher.abort();
        }
    }
}
