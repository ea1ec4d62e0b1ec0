//! The directory: secret, reach, TLS, bind, base, and how fast a name is looked up.

use std::time::{Duration, Instant};

use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{
    config,
    directory::{
        Directory, DirectoryError, Discovered, DiscoveredServer, DiscoveryError, Filter, Servers,
        Step,
    },
    realm::{Home, Mapping, Owners, SignInAttribute},
    trust::Needs,
};

use super::{Finding, accounts, rights};

/// An indexed look-up takes a few milliseconds; a scan of a large directory takes longer than this.
const SLOW: Duration = Duration::from_millis(250);

/// From here on, a certificate's end is near enough to act.
const WARN_DAYS: i64 = 30;

/// What Kerberos tolerates, and more than Entra should have to.
const MOST_SECONDS_APART: i64 = 60;

/// A name that no account has.
const NOBODY: &str = "nobody-has-this-name@homerealm.invalid";

/// Adds what it finds; gives the directory back where it can be asked. Reads all accounts only
/// where that is wanted.
pub(super) async fn check(
    config: &config::Directory,
    needs: &Needs,
    scan: Option<&mut Owners>,
    findings: &mut Vec<Finding>,
) -> Option<Home> {
    let settings = match config.settings() {
        Ok(settings) => settings,
        Err(error) => {
            findings.push(Finding::fail(
                "directory-settings",
                error.to_string(),
                "bind_password names a file for its owner alone, or a variable that is set; ca \
                 names a PEM file",
            ));
            return None;
        }
    };
    let directory = match Directory::new(settings) {
        Ok(directory) => directory,
        Err(error) => {
            findings.push(Finding::fail(
                "directory-settings",
                error.to_string(),
                "see [directory]",
            ));
            return None;
        }
    };
    findings.push(Finding::ok(
        "directory-settings",
        "secret and certificates loaded",
    ));

    let discovery = directory.look_up_servers().await;
    findings.extend(discovery.map(|outcome| self::discovery(&directory, outcome)));
    let mut reached = false;
    for (server, outcome) in directory.probe_servers().await {
        match outcome {
            Ok(facts) => {
                reached = true;
                let probe = &facts.probe;
                let by = if facts.binds_by_guid {
                    "objectGUID"
                } else {
                    "DN"
                };
                findings.push(Finding::ok(
                    "directory-server",
                    format!(
                        "{server}: connected, bound, base read in {:.0?}; accounts are bound by {by}",
                        probe.elapsed
                    ),
                ));
                findings.extend(
                    facts
                        .certificate
                        .map(|der| certificate(&probe.server, &der)),
                );
                findings.extend(facts.clock.map(|clock| self::clock(&probe.server, clock)));
            }
            Err(error) => findings.push(unreached(&error)),
        }
    }
    if !reached {
        return None;
    }
    for attribute in &config.mapping.sign_in_attributes {
        findings.push(look_up(&directory, *attribute).await);
    }
    let mapping = Mapping {
        told_attributes: needs.attributes.clone(),
        password_expiry: needs.password_expiry,
        ..config.mapping.clone()
    };
    let home = Home::new(&config.name, directory, mapping);
    rights::check(&home, findings).await;
    if let Some(owners) = scan {
        accounts::check(&home, owners, findings).await;
    }
    Some(home)
}

/// The servers that DNS says now, whatever a running server may still know.
fn discovery(directory: &Directory, outcome: Result<Discovered, DiscoveryError>) -> Finding {
    const NAME: &str = "directory-discovery";
    let found = match outcome {
        Ok(found) => found,
        Err(error) => {
            return Finding::fail(
                NAME,
                error.to_string(),
                "see that `domain` is the DNS name of the directory's domain, and that the DNS \
                 servers (dns_servers, or the system's) know it and can be reached by UDP and TCP; \
                 a server that runs goes on with the servers that it knows",
            );
        }
    };
    let server = |server: &DiscoveredServer| {
        let addresses = server.addresses.iter().map(|at| at.ip().to_string());
        format!(
            "{} at {}",
            server.url,
            addresses.collect::<Vec<_>>().join(" and ")
        )
    };
    let servers: Vec<_> = found.servers.iter().map(server).collect();
    let text = format!(
        "{}: {}; looked up again after {:.0?}",
        found.service,
        servers.join(", "),
        found.lifetime
    );
    match &directory.settings().servers {
        Servers::Discovered(discovery)
            if discovery.site().is_some_and(|site| *site != found.service) =>
        {
            Finding::warn(
                NAME,
                format!("{text}; none of the site, so those of the domain are used"),
                "see that `site` is the name of a site that has domain controllers",
            )
        }
        _ if !found.passed_over.is_empty() => Finding::warn(
            NAME,
            format!("{text}; not taken: {}", found.passed_over.join(", ")),
            "where these are servers of the directory, name their domain in `within`",
        ),
        _ => Finding::ok(NAME, text),
    }
}

/// The handshake has shown that the chain leads to a trusted CA and that the name is right, now.
fn certificate(server: &str, der: &[u8]) -> Finding {
    const NAME: &str = "directory-certificate";
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return Finding::warn(
            NAME,
            format!("{server}: its certificate cannot be read"),
            "look at it with `openssl s_client`",
        );
    };
    let ends = certificate.validity().not_after.to_datetime();
    let days = (ends - OffsetDateTime::now_utc()).whole_days();
    let found = format!(
        "{server}: trusted, valid for {days} days, until {}",
        ends.date()
    );
    if days < WARN_DAYS {
        return Finding::warn(
            NAME,
            found,
            "renew it: once it has expired, this server counts as down",
        );
    }
    Finding::ok(NAME, found)
}

/// Assertions and account expiry are judged by this machine's clock, lockouts by the directory's.
fn clock(server: &str, theirs: OffsetDateTime) -> Finding {
    const NAME: &str = "directory-clock";
    let apart = (OffsetDateTime::now_utc() - theirs).whole_seconds();
    let found = format!("{server}: {} seconds apart from ours", apart.abs());
    if apart.abs() > MOST_SECONDS_APART {
        return Finding::warn(
            NAME,
            found,
            "synchronise both clocks: Entra refuses assertions from a clock that is wrong",
        );
    }
    Finding::ok(NAME, found)
}

fn unreached(error: &DirectoryError) -> Finding {
    let step = match error {
        DirectoryError::Unavailable { step, .. } | DirectoryError::Refused { step, .. } => {
            Some(*step)
        }
        _ => None,
    };
    let mend = match step {
        Some(Step::Discovery) => "see directory-discovery",
        Some(Step::Connect) => {
            "see that the name resolves and that the port is reachable from here"
        }
        Some(Step::Tls) => {
            "see that `ca` is the CA of the server's certificate, and that the certificate holds \
             the name written in `servers`; or, with `discover`, that of the server and that of the \
             domain (see certificate_names)"
        }
        Some(Step::Bind) => "see that bind_dn and its password are right and the account enabled",
        Some(Step::Base) => "see that `base` exists and that the service account may read it",
        _ => "see the server's own log",
    };
    Finding::fail("directory-server", error.to_string(), mend)
}

/// Times the search for a name that is not there: without an index, the server reads every account.
async fn look_up(directory: &Directory, attribute: SignInAttribute) -> Finding {
    const NAME: &str = "sign-in-attribute";
    let ldap_name = attribute.name();
    let started = Instant::now();
    let outcome = directory
        .search(&Filter::equal(ldap_name, NOBODY), &[], 1)
        .await;
    let elapsed = started.elapsed();
    match outcome {
        Err(error) => Finding::fail(
            NAME,
            format!("{ldap_name}: {error}"),
            "see that the service account may search this attribute",
        ),
        Ok(_) if elapsed > SLOW => Finding::warn(
            NAME,
            format!("{ldap_name}: looked up in {elapsed:.0?}"),
            "index the attribute for equality",
        ),
        Ok(_) => Finding::ok(NAME, format!("{ldap_name}: looked up in {elapsed:.0?}")),
    }
}
