//! Finds the servers of a directory by DNS (RFC 2782), as Active Directory announces its domain
//! controllers.
//!
//! DNS answers are not authenticated, and they would decide where passwords go. What makes this
//! sound is that an answer is only a hint where to ask, and proves nothing:
//!
//! - There is no discovery without TLS. A server must show a certificate with its own name from a
//!   trusted CA, and, unless the configuration says otherwise, with the name of the domain too:
//!   the only name that was not taken from DNS. A host name that came from there proves nothing
//!   even where it matches the certificate (BCP 195, RFC 9325 7.1): each machine of a domain may
//!   have a certificate with its name, and only domain controllers have one with the domain's.
//! - Servers must lie within the domain, or within domains that the configuration names.
//! - No more than [`MOST_SERVERS`] are taken, and they are looked up again at bounded times.
//! - Where DNS fails or finds nothing, the servers found before stay, with their addresses. No
//!   sign-in waits for DNS, but for those in the first moments of the process.
//!
//! Addresses are looked up along with the names, by the same DNS servers, so that a directory
//! whose names the system cannot resolve can be found as well.

mod message;
mod name;
mod preference;
mod resolv_conf;
mod resolver;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    time::Duration,
};

use futures_util::future::join_all;

use super::{Scheme, ServerUrl};

use message::{Answer, Kind, Question, Record, Service};
use preference::Chance;
use resolver::ask;

pub use name::{DnsName, DnsNameError};

/// Most servers that are taken: the first by preference.
pub const MOST_SERVERS: usize = 16;

/// Most addresses of one server.
const MOST_ADDRESSES: usize = 8;

/// The most that one look-up may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// How the servers of a directory are found.
#[derive(Clone)]
pub struct Discovery {
    /// The domain whose directory it is.
    domain: DnsName,
    /// The names to ask for, from the narrowest to the widest.
    services: Vec<DnsName>,
    has_site: bool,
    /// The domains in which servers may lie.
    pub within: Vec<DnsName>,
    /// The DNS servers to ask; the system's where there are none.
    pub dns_servers: Vec<SocketAddr>,
    /// The port of LDAPS. DNS has the port of plain LDAP.
    pub ldaps_port: u16,
    /// The shortest and the longest time from one look-up to the next. Between them, DNS says.
    pub refresh: RangeInclusive<Duration>,
    chance: Chance,
}

impl Discovery {
    /// Finds the domain controllers of an Active Directory domain, those of one site where a site
    /// is named; or, where there are none, the LDAP servers of the domain.
    ///
    /// # Errors
    /// When the names to ask for are longer than names can be, or `site` is no single label.
    pub fn new(domain: DnsName, site: Option<&str>) -> Result<Self, DnsNameError> {
        let mut services = Vec::new();
        if let Some(site) = site {
            if site.contains('.') {
                return Err(DnsNameError);
            }
            services.push(domain.service(&format!("_ldap._tcp.{site}._sites.dc._msdcs"))?);
        }
        services.push(domain.service("_ldap._tcp.dc._msdcs")?);
        services.push(domain.service("_ldap._tcp")?);
        Ok(Self {
            within: vec![domain.clone()],
            domain,
            services,
            has_site: site.is_some(),
            dns_servers: Vec::new(),
            ldaps_port: 636,
            refresh: Duration::from_secs(60)..=Duration::from_secs(3600),
            chance: Chance::new(),
        })
    }

    /// The domain whose directory it is.
    pub fn domain(&self) -> &DnsName {
        &self.domain
    }

    /// The name that has the servers of the site, where one is named.
    pub fn site(&self) -> Option<&DnsName> {
        self.services.first().filter(|_| self.has_site)
    }

    /// Looks up the servers and their addresses now. `known` are servers found before, whose
    /// addresses stay where they cannot be looked up.
    pub(super) async fn look_up(
        &self,
        scheme: Scheme,
        known: &[DiscoveredServer],
    ) -> Result<Discovered, DiscoveryError> {
        let look_up = self.look_up_in_time(scheme, known);
        tokio::time::timeout(DEADLINE, look_up)
            .await
            .unwrap_or(Err(DiscoveryError::Late))
    }

    async fn look_up_in_time(
        &self,
        scheme: Scheme,
        known: &[DiscoveredServer],
    ) -> Result<Discovered, DiscoveryError> {
        let dns_servers = self.dns_servers()?;
        let (service, services, ttl) = self.services(&dns_servers).await?;
        let mut passed_over = Vec::new();
        let mut servers = Vec::new();
        for service in self.chance.order(services) {
            match self.url(&service, scheme) {
                Ok(_) if servers.len() == MOST_SERVERS => {
                    passed_over.push(format!("{:?}: one too many", service.target));
                }
                Ok(url) => servers.push(url),
                Err(why) => passed_over.push(format!("{:?}: {why}", service.target)),
            }
        }
        let addresses = servers
            .iter()
            .map(|(host, url)| addresses(&dns_servers, host, url.port()));
        let addresses = join_all(addresses).await;
        let mut lifetime = ttl;
        let mut found = Vec::new();
        for ((host, url), addresses) in servers.into_iter().zip(addresses) {
            match addresses {
                Ok((addresses, ttl)) => {
                    lifetime = lifetime.min(ttl);
                    found.push(DiscoveredServer { url, addresses });
                }
                Err(NoAddress::Unknown(why)) => {
                    lifetime = 0;
                    match known.iter().find(|known| known.url == url) {
                        Some(known) => found.push(known.clone()),
                        None => passed_over.push(format!("{host}: {why}")),
                    }
                }
                Err(NoAddress::None) => passed_over.push(format!("{host}: it has no address")),
            }
        }
        passed_over.truncate(MOST_SERVERS);
        if found.is_empty() {
            return Err(DiscoveryError::NoneUsable {
                service,
                why: passed_over.join("; "),
            });
        }
        let lifetime = Duration::from_secs(lifetime.into());
        Ok(Discovered {
            servers: found,
            service,
            lifetime: lifetime.clamp(*self.refresh.start(), *self.refresh.end()),
            passed_over,
        })
    }

    fn dns_servers(&self) -> Result<Vec<SocketAddr>, DiscoveryError> {
        if !self.dns_servers.is_empty() {
            return Ok(self.dns_servers.clone());
        }
        match resolv_conf::read() {
            Ok(servers) if !servers.is_empty() => Ok(servers),
            Ok(_) => Err(DiscoveryError::NoDnsServer("no nameserver line".to_owned())),
            Err(error) => Err(DiscoveryError::NoDnsServer(error.to_string())),
        }
    }

    /// The first of the names that has servers, its servers, and for how many seconds they hold.
    async fn services(
        &self,
        dns_servers: &[SocketAddr],
    ) -> Result<(DnsName, Vec<Service>, u32), DiscoveryError> {
        for name in &self.services {
            let question = Question {
                name: name.clone(),
                kind: Kind::Service,
            };
            let answer = ask(dns_servers, &question).await;
            let Answer { records, ttl } =
                answer.map_err(|error| DiscoveryError::Dns(error.to_string()))?;
            let services: Vec<_> = records
                .into_iter()
                .filter_map(|record| match record {
                    // The root as the target says that there is no such service.
                    Record::Service(service) if !service.target.is_empty() => Some(service),
                    _ => None,
                })
                .collect();
            if !services.is_empty() {
                return Ok((name.clone(), services, ttl));
            }
        }
        Err(DiscoveryError::None(self.domain.clone()))
    }

    /// The server's name and address, if it may be one.
    fn url(&self, service: &Service, scheme: Scheme) -> Result<(DnsName, ServerUrl), &'static str> {
        let host = service.target.parse::<DnsName>();
        let host = host.map_err(|_| "not the name of a host")?;
        if !self.within.iter().any(|domain| host.is_within(domain)) {
            return Err("outside of the domains in which servers may lie");
        }
        // The port in DNS is that of plain LDAP and StartTLS; Active Directory announces no other.
        let (scheme, port) = match scheme {
            Scheme::Ldaps => ("ldaps", self.ldaps_port),
            Scheme::Ldap => ("ldap", service.port),
        };
        let url = format!("{scheme}://{host}:{port}").parse();
        Ok((host, url.map_err(|_| "not the name of a server")?))
    }
}

impl fmt::Debug for Discovery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Discovery")
            .field("services", &self.services)
            .field("within", &self.within)
            .field("dns_servers", &self.dns_servers)
            .finish_non_exhaustive()
    }
}

/// The addresses of a host, IPv4 first, and for how many seconds they hold.
async fn addresses(
    dns_servers: &[SocketAddr],
    host: &DnsName,
    port: u16,
) -> Result<(Vec<SocketAddr>, u32), NoAddress> {
    let question = |kind| Question {
        name: host.clone(),
        kind,
    };
    let (ipv4, ipv6) = (question(Kind::Ipv4), question(Kind::Ipv6));
    let answers = tokio::join!(ask(dns_servers, &ipv4), ask(dns_servers, &ipv6));
    let mut error = None;
    let mut lifetime = u32::MAX;
    let mut found = Vec::new();
    for answer in [answers.0, answers.1] {
        match answer {
            Err(failure) => error = Some(failure.to_string()),
            Ok(Answer { records, ttl }) => {
                let some = records.iter().filter_map(|record| match record {
                    Record::Address(ip) if is_host(*ip) => Some(SocketAddr::new(*ip, port)),
                    _ => None,
                });
                let before = found.len();
                found.extend(some);
                if found.len() > before {
                    lifetime = lifetime.min(ttl);
                }
            }
        }
    }
    found.truncate(MOST_ADDRESSES);
    if found.is_empty() {
        return Err(error.map_or(NoAddress::None, NoAddress::Unknown));
    }
    Ok((found, lifetime))
}

/// Why a host has no address.
enum NoAddress {
    /// DNS has none.
    None,
    /// DNS did not say.
    Unknown(String),
}

/// Whether this can be the address of one host.
fn is_host(ip: IpAddr) -> bool {
    let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !ip.is_unspecified() && !ip.is_multicast() && !is_broadcast
}

/// What a look-up found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// The servers by preference.
    pub servers: Vec<DiscoveredServer>,
    /// The name that has them.
    pub service: DnsName,
    /// How long that holds.
    pub lifetime: Duration,
    /// The servers that are not taken, and why; no more than [`MOST_SERVERS`] of them.
    pub passed_over: Vec<String>,
}

/// A server that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveredServer {
    /// Its name, which its certificate must carry, and its port.
    pub url: ServerUrl,
    /// Its addresses.
    pub addresses: Vec<SocketAddr>,
}

/// Why no servers were found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// None is configured, and the system has none.
    #[error("no DNS server is known: {file}: {0}", file = resolv_conf::FILE)]
    NoDnsServer(String),
    /// No DNS server answered.
    #[error("{0}")]
    Dns(String),
    /// It took too long.
    #[error("the look-up did not end within {DEADLINE:.0?}")]
    Late,
    /// DNS has no servers for this domain.
    #[error("DNS has no LDAP servers for {0}")]
    None(DnsName),
    /// None of those that DNS has can be used.
    #[error("none of the servers of {service} can be used: {why}")]
    NoneUsable {
        /// The name that has them.
        service: DnsName,
        /// What is wrong with each.
        why: String,
    },
    /// The look-up broke off.
    #[error("the look-up broke off")]
    Broken,
}
