//! Looks at each server from time to time, so that people's operations do not have to find out
//! that one is down, or that it is back.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use ldap3::Scope;
use tokio::task::AbortHandle;

use super::{
    DirectoryError, Filter, Step,
    connection::{Connection, Fault, isolated},
    dialer::Dialer,
    health::jittered,
    roster::Server,
    search::{Answer, Query, search},
};

/// Between two looks at a server that is up.
const INTERVAL: Duration = Duration::from_secs(2);

/// Starts looking at one server; ends by itself when the dialer is gone.
pub(super) fn start(dialer: &Arc<Dialer>, server: &Arc<Server>) -> AbortHandle {
    tokio::spawn(watch(Arc::downgrade(dialer), server.clone())).abort_handle()
}

async fn watch(dialer: Weak<Dialer>, server: Arc<Server>) {
    let mut kept = None;
    loop {
        let Some(rest) = dialer.upgrade().map(|dialer| {
            if server.is_up() {
                jittered(INTERVAL)
            } else {
                // A server that went down since the last look may rest for less than that.
                dialer.roster().until_next_try(&server).min(INTERVAL)
            }
        }) else {
            return;
        };
        tokio::time::sleep(rest).await;
        let Some(dialer) = dialer.upgrade() else {
            return;
        };
        if !dialer.roster().until_next_try(&server).is_zero() {
            continue;
        }
        kept = match look(&dialer, &server, kept.take()).await {
            Ok(connection) => {
                server.answered();
                Some(connection)
            }
            Err(error) => {
                server.failed(&error);
                None
            }
        };
    }
}

/// Reads the root DSE (RFC 4512 5.1), on a connection that is kept for this and on which nobody
/// is bound. Any answer is a sign of life, but for those by which a server says that it cannot
/// serve.
async fn look(
    dialer: &Dialer,
    server: &Arc<Server>,
    kept: Option<Connection>,
) -> Result<Connection, DirectoryError> {
    let patience = dialer.settings().limits.attempt_deadline;
    let connection = match kept.filter(|connection| !connection.is_closed()) {
        Some(connection) => connection,
        None => dialer.dial_to(server, patience).await?,
    };
    let query = Query {
        base: String::new(),
        scope: Scope::Base,
        filter: Filter::present("objectClass").to_string(),
        // No attributes (RFC 4511 4.5.1.8).
        attributes: vec!["1.1".to_owned()],
        limit: 2,
        step: Step::Connect,
    };
    let answer = isolated(patience, search(connection.ldap(), query, patience)).await;
    let fault = match answer {
        Ok(Answer::Result(code @ (51 | 52), text)) => Fault::Answer(code, text),
        Ok(Answer::Malformed) => Fault::Malformed,
        Ok(_) => return Ok(connection),
        Err(fault) => fault,
    };
    Err(connection.failed(Step::Connect, fault))
}
