use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use ldap3::{Ldap, LdapError, Scope, SearchOptions};

use super::{
    DirectoryError, Entry, Step,
    back_off::BackOff,
    connection::{Connection, Dialer, Fault, isolated},
};

/// How long a connection may be idle and still be trusted: firewalls forget quietly, and a
/// directory that only seems to be there would cost a person the whole deadline.
pub(super) const MAX_IDLE: Duration = Duration::from_secs(240);

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The entries, at most as many as were asked for.
    pub entries: Vec<Entry>,
    /// Whether there are more (the directory's sizeLimitExceeded, or ours).
    pub truncated: bool,
}

/// One search, owned, since it runs on a task of its own.
#[derive(Clone)]
pub(super) struct Query {
    pub(super) base: String,
    pub(super) scope: Scope,
    pub(super) filter: String,
    pub(super) attributes: Vec<String>,
    pub(super) limit: usize,
    pub(super) step: Step,
}

/// The one multiplexed connection under the service account.
pub(super) struct SearchLink {
    dialer: Arc<Dialer>,
    current: Mutex<Option<Live>>,
    /// Held while dialling, so that one task dials and the others wait for what it gets.
    dialling: tokio::sync::Mutex<BackOff>,
}

struct Live {
    connection: Arc<Connection>,
    used: Instant,
}

impl SearchLink {
    pub(super) fn new(dialer: Arc<Dialer>) -> Self {
        Self {
            dialer,
            current: Mutex::default(),
            dialling: tokio::sync::Mutex::default(),
        }
    }

    /// Runs a search, once more on a new connection if the kept one turns out to be closed: a
    /// search changes nothing, so that is safe.
    pub(super) async fn run(&self, query: Query) -> Result<Found, DirectoryError> {
        if let Some(connection) = self.live() {
            match self.run_on(&connection, query.clone()).await {
                Err((Fault::Transport(_), _)) => {}
                Err((_, error)) => return Err(error),
                Ok(found) => return Ok(found),
            }
        }
        let connection = self.connect().await?;
        self.run_on(&connection, query)
            .await
            .map_err(|(_, error)| error)
    }

    /// The server of the connection in use.
    pub(super) fn server(&self) -> Option<String> {
        Some(self.live()?.name().to_owned())
    }

    async fn run_on(
        &self,
        connection: &Arc<Connection>,
        query: Query,
    ) -> Result<Found, (Fault, DirectoryError)> {
        let (step, deadline) = (query.step, self.dialer.settings().operation_deadline);
        let answer = isolated(deadline, search(connection.ldap(), query, deadline)).await;
        let fault = match answer {
            Ok(Answer::Found(found)) => return Ok(found),
            Ok(Answer::Malformed) => Fault::Malformed,
            // Trouble of the server's own, or (1) it no longer knows who is bound.
            Ok(Answer::Result(code @ (1 | 3 | 11 | 51 | 52), text)) => Fault::Answer(code, text),
            Ok(Answer::Result(code, text)) => {
                let error = connection.refused(step, code, &text);
                return Err((Fault::Answer(code, text), error));
            }
            Err(fault) => fault,
        };
        if matches!(fault, Fault::Late) {
            self.dialer.distrust(connection.server());
        }
        self.discard(connection);
        let error = connection.failed(step, &fault);
        Err((fault, error))
    }

    async fn connect(&self) -> Result<Arc<Connection>, DirectoryError> {
        let mut back_off = self.dialling.lock().await;
        if let Some(connection) = self.live() {
            return Ok(connection);
        }
        back_off.check()?;
        let result = self.dialer.dial_bound().await;
        back_off.note(&result);
        let connection = Arc::new(result?);
        *self.current() = Some(Live {
            connection: connection.clone(),
            used: Instant::now(),
        });
        Ok(connection)
    }

    fn live(&self) -> Option<Arc<Connection>> {
        let mut current = self.current();
        let live = current.as_mut()?;
        if live.connection.is_closed() || live.used.elapsed() > MAX_IDLE {
            *current = None;
            return None;
        }
        live.used = Instant::now();
        Some(live.connection.clone())
    }

    fn discard(&self, connection: &Arc<Connection>) {
        let mut current = self.current();
        if current
            .as_ref()
            .is_some_and(|live| Arc::ptr_eq(&live.connection, connection))
        {
            *current = None;
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Live>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the server answered a search.
pub(super) enum Answer {
    /// With entries, or none.
    Found(Found),
    /// With a result code other than success and sizeLimitExceeded.
    Result(u32, String),
    /// With something that is no entry.
    Malformed,
}

/// The search itself. Entries are read one by one, so that a server that ignores the size limit
/// cannot fill the memory; continuation references are not followed.
pub(super) async fn search(
    mut ldap: Ldap,
    query: Query,
    deadline: Duration,
) -> Result<Answer, LdapError> {
    let seconds = i32::try_from(deadline.as_secs().max(1)).unwrap_or(i32::MAX);
    let limit = i32::try_from(query.limit).unwrap_or(i32::MAX);
    ldap.with_search_options(SearchOptions::new().sizelimit(limit).timelimit(seconds));
    let mut stream = ldap
        .streaming_search(&query.base, query.scope, &query.filter, query.attributes)
        .await?;
    let mut entries = Vec::new();
    let mut truncated = false;
    while let Some(item) = stream.next().await? {
        if item.is_ref() || item.is_intermediate() {
            continue;
        }
        if entries.len() == query.limit {
            truncated = true;
            break;
        }
        match Entry::read(item.0) {
            Some(entry) => entries.push(entry),
            None => return Ok(Answer::Malformed),
        }
    }
    // Finishing, even a stream read to its end, is what frees its message ID.
    let result = stream.finish().await;
    Ok(match result.rc {
        _ if truncated => Answer::Found(Found { entries, truncated }),
        0 => Answer::Found(Found {
            entries,
            truncated: false,
        }),
        4 => Answer::Found(Found {
            entries,
            truncated: true,
        }),
        code => Answer::Result(code, result.text),
    })
}
