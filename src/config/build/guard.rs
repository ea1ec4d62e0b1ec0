//! How many failures are borne, whose word on addresses is taken, and which addresses are our own.

use std::net::IpAddr;

use ipnet::IpNet;
use toml::Spanned;

use crate::{http::TrustedProxies, signin::GuardRules};

use super::{
    super::{ConfigError, error::Source, file},
    minutes, number,
};

pub(super) fn build(guard: &file::Guard, source: Source<'_>) -> Result<GuardRules, ConfigError> {
    let mut rules = GuardRules::default();
    if let Some(most) = &guard.failures_per_account {
        rules.failures_per_account = number(most, 1..=1_000, source)?;
    }
    if let Some(window) = &guard.account_window_minutes {
        rules.account_window = minutes(window, 1..=1_440, source)?;
    }
    if let Some(most) = &guard.failures_per_source {
        rules.failures_per_source = number(most, 1..=1_000_000, source)?;
    }
    if let Some(window) = &guard.source_window_minutes {
        rules.source_window = minutes(window, 1..=1_440, source)?;
    }
    if let Some(days) = &guard.familiar_days {
        rules.familiar_for = std::time::Duration::from_secs(
            u64::from(number(days, 1..=365, source)?) * 24 * 60 * 60,
        );
    }
    if let Some(step) = &guard.refusal_step_milliseconds {
        rules.refusal_step =
            std::time::Duration::from_millis(number(step, 0..=5_000, source)?.into());
    }
    Ok(rules)
}

pub(super) fn proxies(
    listen: &file::Listen,
    span: std::ops::Range<usize>,
    source: Source<'_>,
) -> Result<TrustedProxies, ConfigError> {
    // Else every person would come from the proxy's address, and one who guesses would shut all
    // the others out.
    if listen.plain_http_behind_a_tls_proxy && listen.trusted_proxies.is_empty() {
        return Err(source.invalid(
            span,
            "plain_http_behind_a_tls_proxy needs trusted_proxies: the addresses of the proxy",
        ));
    }
    let networks = listen.trusted_proxies.iter();
    let networks = networks.map(|text| network(text, source));
    Ok(TrustedProxies::new(networks.collect::<Result<_, _>>()?))
}

/// The organisation's own networks. The whole Internet is none of them: Entra may ask less of those
/// who are inside.
pub(super) fn corporate_networks(
    requests: &file::Requests,
    source: Source<'_>,
) -> Result<Vec<IpNet>, ConfigError> {
    let networks = requests.corporate_networks.iter().map(|text| {
        let network = network(text, source)?;
        if network.prefix_len() == 0 {
            let message = "everybody would be inside the corporate network";
            return Err(source.invalid(text.span(), message));
        }
        Ok(network)
    });
    networks.collect()
}

fn network(text: &Spanned<String>, source: Source<'_>) -> Result<IpNet, ConfigError> {
    let written = text.as_ref();
    let address = || written.parse().map(|address: IpAddr| address.into());
    written
        .parse::<IpNet>()
        .or_else(|_| address())
        .map_err(|_| source.invalid(text.span(), format!("{written:?} is no address or network")))
}
