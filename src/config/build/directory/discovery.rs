//! `discover`: servers found by DNS.

use std::{net::SocketAddr, str::FromStr};

use toml::Spanned;

use crate::directory::{Discovery, DnsName, Servers, TlsMode};

use super::super::{
    super::{ConfigError, error::Source, file},
    number,
};

/// Most DNS servers: as many as the system would use.
const MOST_DNS_SERVERS: usize = 3;

/// The servers, and the name that their certificates must have besides their own.
pub(super) fn build(
    discover: &Spanned<file::Discover>,
    tls_mode: TlsMode,
    source: Source<'_>,
) -> Result<(Servers, Option<String>), ConfigError> {
    let file = discover.as_ref();
    if tls_mode == TlsMode::PlaintextOnPurpose {
        return Err(source.invalid(
            discover.span(),
            "servers found by DNS need TLS, and plaintext_on_purpose is set: DNS answers are not \
             authenticated, certificates are",
        ));
    }
    let domain = name(&file.domain, source)?;
    let site = file.site.as_ref();
    let mut discovery = Discovery::new(domain.clone(), site.map(|site| site.as_ref().as_str()))
        .map_err(|error| {
            let span = site.map_or_else(|| file.domain.span(), Spanned::span);
            source.invalid(span, error.to_string())
        })?;
    if !file.within.is_empty() {
        discovery.within = names(&file.within, source)?;
    }
    if file.dns_servers.len() > MOST_DNS_SERVERS {
        let message = format!("more than {MOST_DNS_SERVERS} DNS servers");
        return Err(source.invalid(discover.span(), message));
    }
    discovery.dns_servers = file
        .dns_servers
        .iter()
        .map(|server| dns_server(server, source))
        .collect::<Result<_, _>>()?;
    discovery.ldaps_port = u16::try_from(number(&file.ldaps_port, 1..=65_535, source)?)
        .map_err(|_| source.invalid(file.ldaps_port.span(), "no port"))?;
    let second_name = match file.certificate_names {
        file::CertificateNames::ServerAndDomain => Some(domain.to_string()),
        file::CertificateNames::Server => None,
    };
    Ok((Servers::Discovered(discovery), second_name))
}

fn names(texts: &[Spanned<String>], source: Source<'_>) -> Result<Vec<DnsName>, ConfigError> {
    texts.iter().map(|text| name(text, source)).collect()
}

fn name(text: &Spanned<String>, source: Source<'_>) -> Result<DnsName, ConfigError> {
    DnsName::from_str(text.as_ref())
        .map_err(|error| source.invalid(text.span(), format!("{:?}: {error}", text.as_ref())))
}

/// An address, and a port where it is not that of DNS.
fn dns_server(text: &Spanned<String>, source: Source<'_>) -> Result<SocketAddr, ConfigError> {
    let written = text.as_ref();
    let address = written.parse().map(|ip| SocketAddr::new(ip, 53));
    address.or_else(|_| written.parse()).map_err(|_| {
        let message = format!("{written:?} is not the IP address of a DNS server");
        source.invalid(text.span(), message)
    })
}
