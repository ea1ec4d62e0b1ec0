use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ldap3::Scope;
use time::{Date, Month, OffsetDateTime, Time};

use super::{
    Directory, DirectoryError, Filter, ServerUrl, Step,
    connection::{Connection, Fault, isolated},
    principal,
    roster::Server,
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

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFacts {
    /// It answered.
    pub probe: Probe,
    /// Its certificate, DER; none in clear.
    pub certificate: Option<Vec<u8>>,
    /// Its clock (`currentTime` of the root DSE), where it tells it: Active Directory does.
    pub clock: Option<OffsetDateTime>,
    /// Whether accounts are bound by their `objectGUID` (Active Directory), and not by their DNs.
    pub binds_by_guid: bool,
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

    /// Tries each server on a connection of its own, for the doctor.
    pub async fn probe_servers(&self) -> Vec<(ServerUrl, Result<ServerFacts, DirectoryError>)> {
        let mut results = Vec::new();
        for server in self.dialer.roster().all().iter() {
            results.push((server.url().clone(), self.probe_server(server).await));
        }
        results
    }

    async fn probe_server(&self, server: &Arc<Server>) -> Result<ServerFacts, DirectoryError> {
        let started = Instant::now();
        let connection = self.dialer.dial_bound_to(server).await?;
        self.read_base(&connection).await?;
        let probe = Probe {
            server: connection.name().to_owned(),
            elapsed: started.elapsed(),
        };
        let mut ldap = connection.ldap();
        let deadline = self.settings().limits.operation_deadline;
        let certificate = isolated(deadline, async move { ldap.get_peer_certificate().await });
        Ok(ServerFacts {
            probe,
            certificate: certificate
                .await
                .map_err(|fault| connection.failed(Step::Tls, fault))?,
            clock: self.read_clock(&connection).await,
            // Last, since the connection is nobody's any more afterwards.
            binds_by_guid: principal::learn(&self.dialer, &connection).await?.is_some(),
        })
    }

    /// What cannot be read is not there: most servers have no such attribute.
    async fn read_clock(&self, connection: &Connection) -> Option<OffsetDateTime> {
        let deadline = self.settings().limits.operation_deadline;
        let query = Query {
            base: String::new(),
            attributes: vec!["currentTime".to_owned()],
            ..self.base_query()
        };
        let answer = isolated(deadline, search(connection.ldap(), query, deadline)).await;
        match answer {
            Ok(Answer::Found(found)) => {
                generalized_time(found.entries.first()?.values("currentTime").next()?)
            }
            _ => None,
        }
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

/// `YYYYMMDDHHMMSS[.f]Z` (RFC 4517 3.3.13), as servers write their clock.
fn generalized_time(text: &str) -> Option<OffsetDateTime> {
    let text = text.strip_suffix('Z')?;
    let digits = text.split('.').next()?;
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |from, to| digits.get(from..to)?.parse::<u8>().ok();
    let year = digits.get(..4)?.parse().ok()?;
    let month = Month::try_from(number(4, 6)?).ok()?;
    let date = Date::from_calendar_date(year, month, number(6, 8)?).ok()?;
    let time = Time::from_hms(number(8, 10)?, number(10, 12)?, number(12, 14)?).ok()?;
    Some(OffsetDateTime::new_utc(date, time))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_read() {
        let read = |text| generalized_time(text).map(OffsetDateTime::unix_timestamp);
        assert_eq!(read("20261123124833.0Z"), Some(1_795_438_113));
        assert_eq!(read("20261123124833Z"), Some(1_795_438_113));
        for bad in [
            "",
            "Z",
            "20261123124833",
            "20261323124833Z",
            "202611231248Z",
            "2026112312483xZ",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
