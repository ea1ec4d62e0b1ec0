//! Signing keys and the listener's TLS.

use time::OffsetDateTime;

use crate::{
    config::Config,
    keys::{Certificate, KeyRing},
};

use super::Finding;

/// Entra looks for a next certificate 35 days ahead; an administrator should act before it does.
const WARN_DAYS: i64 = 35;

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    match config.signing.key_ring() {
        Err(error) => findings.push(Finding::fail(
            "signing-key",
            error.to_string(),
            "make a key with `homerealm keys new`, and name its files in [signing]",
        )),
        Ok(keys) => {
            findings.push(Finding::ok(
                "signing-key",
                "loaded, and its certificate belongs to it",
            ));
            findings.push(lifetime(keys.current().certificate()));
            findings.push(next(&keys));
        }
    }
    findings.push(match config.listen.tls_config() {
        Err(error) => Finding::fail(
            "listener-tls",
            error.to_string(),
            "name a certificate chain and its key in [listen]; the key for its owner alone",
        ),
        Ok(None) => Finding::warn(
            "listener-tls",
            "plain HTTP: a proxy in front must end TLS",
            "see that nothing but the proxy can reach the listener",
        ),
        Ok(Some(_)) => Finding::ok("listener-tls", "the certificate and its key can be served"),
    });
    findings
}

fn lifetime(certificate: &Certificate) -> Finding {
    const NAME: &str = "signing-certificate";
    let now = OffsetDateTime::now_utc();
    let last_day = certificate.not_after().date();
    if certificate.not_before() > now {
        return Finding::fail(
            NAME,
            format!("not valid before {}", certificate.not_before()),
            "correct this machine's clock, or make a new key with `homerealm keys new`",
        );
    }
    let days = (certificate.not_after() - now).whole_days();
    if certificate.not_after() <= now {
        return Finding::fail(
            NAME,
            format!("expired on {last_day}"),
            "make a new key with `homerealm keys new`, and register its certificate in Entra",
        );
    }
    if days < WARN_DAYS {
        return Finding::warn(
            NAME,
            format!("expires in {days} days, on {last_day}"),
            "make the next key, announce it as next_certificate, and register it in Entra",
        );
    }
    Finding::ok(NAME, format!("valid for {days} days, until {last_day}"))
}

fn next(keys: &KeyRing) -> Finding {
    const NAME: &str = "next-certificate";
    match keys.next() {
        None if keys.former().is_some() => Finding::ok(
            NAME,
            "has taken over: `homerealm entra rollover` ends the rollover",
        ),
        None => Finding::ok(NAME, "none announced"),
        Some(next) if next == keys.current().certificate() => Finding::warn(
            NAME,
            "the same as the current one",
            "announce the certificate of the key that will sign next, or none",
        ),
        Some(next) if next.not_after() <= OffsetDateTime::now_utc() => Finding::warn(
            NAME,
            format!("expired on {}", next.not_after().date()),
            "make a new one with `homerealm keys new --name signing-next`",
        ),
        Some(next) => Finding::ok(NAME, format!("valid until {}", next.not_after().date())),
    }
}
