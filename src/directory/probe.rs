use std::time::{Duration, Instant};

use ldap3::Scope;

use super::{
    Directory, DirectoryError, Filter, ServerUrl, Step,
    connection::{Connection, Fault, isolated},
    search::{Answer, Query, search},
};

/// A directory answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The server that answered.
    pub server: String,
    /// How long it took.
    pub elapsed: Duration,
}

impl Directory {
    /// Reads the configured base over the connection that sign-ins use, opening it if need be:
    /// whether sign-ins can work now. The error's [`Step`] says how far it came.
    pub async fn probe(&self) -> Result<Probe, DirectoryError> {
        let started = Instant::now();
        let (found, server) = self.links.run(self.base_query()).await?;
        if found.entries.is_empty() {
            return Err(no_base(server));
        }
        Ok(Probe {
            server,
            elapsed: started.elapsed(),
        })
    }

    /// Tries each configured server on a connection of its own, for the doctor.
    pub async fn probe_servers(&self) -> Vec<(ServerUrl, Result<Probe, DirectoryError>)> {
        let mut results = Vec::new();
        for (index, server) in self.settings().servers.iter().enumerate() {
            results.push((server.clone(), self.probe_server(index).await));
        }
        results
    }

    async fn probe_server(&self, index: usize) -> Result<Probe, DirectoryError> {
        let started = Instant::now();
        let connection = self.dialer.dial_bound_to(index).await?;
        self.read_base(&connection).await?;
        Ok(Probe {
            server: connection.name().to_owned(),
            elapsed: started.elapsed(),
        })
    }

    async fn read_base(&self, connection: &Connection) -> Result<(), DirectoryError> {
        let deadline = self.settings().limits.operation_deadline;
        let answer = isolated(
            deadline,
            search(connection.ldap(), self.base_query(), deadline),
        );
        match answer
            .await
            .map_err(|fault| connection.failed(Step::Base, fault))?
        {
            Answer::Found(found) if found.entries.is_empty() => {
                Err(no_base(connection.name().to_owned()))
            }
            Answer::Found(_) => Ok(()),
            Answer::Result(code, text) => Err(connection.refused(Step::Base, code, &text)),
            Answer::Malformed => Err(connection.failed(Step::Base, Fault::Malformed)),
        }
    }

    fn base_query(&self) -> Query {
        Query {
            base: self.settings().base.as_str().to_owned(),
            scope: Scope::Base,
            filter: Filter::present("objectClass").to_string(),
            // No attributes (RFC 4511 4.5.1.8).
            attributes: vec!["1.1".to_owned()],
            limit: 2,
            step: Step::Base,
        }
    }
}

/// Some servers answer a base that may not be read with success and no entry.
fn no_base(server: String) -> DirectoryError {
    let text = "the base is not there, or the service account may not read it".to_owned();
    DirectoryError::Refused {
        step: Step::Base,
        server,
        code: 32,
        text,
    }
}
