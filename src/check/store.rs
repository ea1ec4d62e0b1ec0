//! The store that nodes share: each of its servers reached, used as nodes use it, and asked about itself.

use crate::{
    config::{Config, Store},
    store::{ConnectError, Inspected, inspect},
};

use super::Finding;

const NAME: &str = "store";

/// By how many seconds a server's clock may differ. It measures times by itself, so that nothing depends
/// on it; but a clock that is wrong elsewhere may be wrong here.
const CLOCKS: i64 = 60;

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let Some(store) = &config.store else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if let Err(error) = store.secret() {
        findings.push(Finding::fail(
            NAME,
            error.to_string(),
            "put at least 32 random characters there, the same on each node: \
             openssl rand -base64 32",
        ));
    }
    let servers = match store.servers() {
        Ok(servers) => servers,
        Err(error) => {
            let mend = "see that each file that [store] names is there and readable";
            findings.push(Finding::fail(NAME, error.to_string(), mend));
            return findings;
        }
    };
    let mut primaries = 0;
    for address in &servers.addresses {
        let finding = match inspect(&servers, address, &store.prefix).await {
            Ok(told) => {
                primaries += 1;
                judged(&address.to_string(), &told)
            }
            Err(ConnectError::NotPrimary) => {
                Finding::ok(NAME, format!("{address}: a replica, which waits its turn"))
            }
            Err(error) => Finding::fail(NAME, format!("{address}: {error}"), mend(&error, store)),
        };
        findings.push(finding);
    }
    if primaries != 1 && servers.addresses.len() > 1 {
        findings.push(Finding::fail(
            NAME,
            format!("{primaries} of the servers take writes"),
            "exactly one of them may be a primary, and the others its replicas: nodes would not have \
             the same in common",
        ));
    }
    findings
}

fn judged(address: &str, told: &Inspected) -> Finding {
    let version = &told.version;
    if !told.is_recent {
        let found = format!("{address}: {version} does not know what nodes ask for");
        return Finding::fail(NAME, found, "use Redis 7.0 or later, or Valkey");
    }
    let eviction = told.eviction.as_deref().unwrap_or("an unknown");
    let memory = match told.most_memory {
        None => "an unknown amount of memory".to_owned(),
        Some(0) => "all memory that there is".to_owned(),
        Some(octets) => format!("{} MiB of memory", octets >> 20),
    };
    let ahead = told.seconds_ahead;
    let found =
        format!("{address}: {version}, {memory}, policy {eviction}, clock ahead by {ahead} s");
    if eviction != "noeviction" {
        return Finding::warn(
            NAME,
            found,
            "set maxmemory-policy noeviction: else a full server forgets which requests were \
             answered, and how often somebody failed",
        );
    }
    if told.most_memory == Some(0) {
        let mend = "set maxmemory, so that the server does not grow until the system ends it";
        return Finding::warn(NAME, found, mend);
    }
    if ahead.abs() > CLOCKS {
        return Finding::warn(NAME, found, "synchronise the clocks");
    }
    Finding::ok(NAME, found)
}

fn mend(error: &ConnectError, store: &Store) -> String {
    match error {
        ConnectError::Tls(_) => "give the CA of its certificate as ca, and name the server as its \
                                 certificate does"
            .to_owned(),
        ConnectError::Refused(_) => format!(
            "see user and password, and the user's rights: ~{}:* resetchannels -@all +set +get +getdel \
             +del +eval +incrby +pexpire +pttl +role +info +time",
            store.prefix
        ),
        ConnectError::Foreign => "see that address and port are those of Redis or Valkey, and \
                                  whether it wants TLS"
            .to_owned(),
        _ => "see that it runs, and that nothing stands between it and this node".to_owned(),
    }
}
