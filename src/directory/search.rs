use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use ldap3::{Ldap, LdapError, Scope, SearchOptions};

use super::{
    DirectoryError, Entry, Step,
    connection::{Connection, Fault, isolated},
    dialer::{Budget, Dialer},
    gate::Gate,
    roster::Server,
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

/// The multiplexed connections under the service account.
pub(super) struct SearchLinks {
    dialer: Arc<Dialer>,
    gate: Gate,
    links: Vec<Link>,
    /// Counts searches, to take the links in turn.
    turn: AtomicUsize,
}

/// One connection, and its successors.
#[derive(Default)]
struct Link {
    current: Mutex<Option<Live>>,
    /// Held while dialling, so that one task dials and the others wait for what it gets.
    dialling: tokio::sync::Mutex<()>,
}

struct Live {
    connection: Arc<Connection>,
    used: Instant,
}

impl SearchLinks {
    pub(super) fn new(dialer: Arc<Dialer>) -> Self {
        let limits = dialer.settings().limits;
        Self {
            dialer,
            gate: Gate::new(limits.max_searches, limits.max_wait),
            links: (0..limits.search_connections)
                .map(|_| Link::default())
                .collect(),
            turn: AtomicUsize::new(0),
        }
    }

    /// Runs a search, and a second time where [`Dialer::note`] allows it: a search changes
    /// nothing, so that is safe. Returns what was found and the server that found it.
    pub(super) async fn run(&self, query: Query) -> Result<(Found, String), DirectoryError> {
        let _place = self.gate.enter().await?;
        let budget = self.dialer.budget();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let Some(link) = self.links.get(turn % self.links.len().max(1)) else {
            return Err(DirectoryError::Busy);
        };
        let (connection, is_new) = match self.live(link) {
            Some(connection) => (connection, false),
            None => (self.connect(link, None, budget).await?, true),
        };
        match self.run_on(link, &connection, query.clone(), budget).await {
            Ok(found) => return Ok((found, connection.name().to_owned())),
            Err((fault, error)) => {
                if !self
                    .dialer
                    .note(connection.server(), &error, &fault, is_new)
                    || is_refusal(&error)
                {
                    return Err(error);
                }
            }
        }
        let avoid = Some(&**connection.server());
        let connection = self.connect(link, avoid, budget).await?;
        match self.run_on(link, &connection, query, budget).await {
            Ok(found) => Ok((found, connection.name().to_owned())),
            Err((fault, error)) => {
                self.dialer.note(connection.server(), &error, &fault, true);
                Err(error)
            }
        }
    }

    async fn run_on(
        &self,
        link: &Link,
        connection: &Arc<Connection>,
        query: Query,
        budget: Budget,
    ) -> Result<Found, (Fault, DirectoryError)> {
        let step = query.step;
        let patience = self.dialer.patience(connection.server(), budget);
        let answer = isolated(patience, search(connection.ldap(), query, patience)).await;
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
        link.discard(connection);
        let error = connection.failed(step, &fault);
        Err((fault, error))
    }

    async fn connect(
        &self,
        link: &Link,
        avoid: Option<&Server>,
        budget: Budget,
    ) -> Result<Arc<Connection>, DirectoryError> {
        let _dialling = link.dialling.lock().await;
        if let Some(connection) = self.live(link)
            && !avoid.is_some_and(|avoid| avoid.is(connection.server()))
        {
            return Ok(connection);
        }
        let connection = Arc::new(self.dialer.dial_bound(avoid, budget).await?);
        *link.current() = Some(Live {
            connection: connection.clone(),
            used: Instant::now(),
        });
        Ok(connection)
    }

    /// The connection in use, if it is open and its server is the one to use now.
    fn live(&self, link: &Link) -> Option<Arc<Connection>> {
        let mut current = link.current();
        let live = current.as_mut()?;
        let is_wanted = self.dialer.roster().wants(live.connection.server());
        if !is_wanted || live.connection.is_closed() || live.used.elapsed() > MAX_IDLE {
            *current = None;
            return None;
        }
        live.used = Instant::now();
        Some(live.connection.clone())
    }
}

impl Link {
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

/// Another server would refuse as well: that is for an administrator to mend.
fn is_refusal(error: &DirectoryError) -> bool {
    matches!(error, DirectoryError::Refused { .. })
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
