//! The directory: secret, reach, TLS, bind, base, and how fast a name is looked up.

use std::time::{Duration, Instant};

use crate::{
    config,
    directory::{Directory, DirectoryError, Filter, Step},
    realm::{Home, SignInAttribute},
};

use super::Finding;

/// An indexed look-up takes a few milliseconds; a scan of a large directory takes longer than this.
const SLOW: Duration = Duration::from_millis(250);

/// A name that no account has.
const NOBODY: &str = "nobody-has-this-name@homerealm.invalid";

/// Adds what it finds; gives the directory back where it can be asked.
pub(super) async fn check(config: &config::Directory, findings: &mut Vec<Finding>) -> Option<Home> {
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

    let mut reached = false;
    for (server, outcome) in directory.probe_servers().await {
        match outcome {
            Ok(probe) => {
                reached = true;
                findings.push(Finding::ok(
                    "directory-server",
                    format!(
                        "{server}: connected, bound, base read in {:.0?}",
                        probe.elapsed
                    ),
                ));
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
    Some(Home::new(&config.name, directory, config.mapping.clone()))
}

fn unreached(error: &DirectoryError) -> Finding {
    let step = match error {
        DirectoryError::Unavailable { step, .. } | DirectoryError::Refused { step, .. } => {
            Some(*step)
        }
        _ => None,
    };
    let mend = match step {
        Some(Step::Connect) => {
            "see that the name resolves and that the port is reachable from here"
        }
        Some(Step::Tls) => {
            "see that `ca` is the CA of the server's certificate, and that the certificate holds \
             the name written in `servers`"
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
