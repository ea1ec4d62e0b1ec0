use std::{fmt, net::Ipv4Addr, str::FromStr};

use rustls::pki_types::ServerName;

/// The address of one LDAP server: `ldap://host[:port]` or `ldaps://host[:port]`, nothing more.
///
/// Parsed strictly, because the LDAP library panics on URLs that it did not expect, and because
/// the parts it would ignore (base, scope, filter, user) must not look as if they counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// How a [`ServerUrl`] begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `ldap://`: begins in clear, port 389.
    Ldap,
    /// `ldaps://`: TLS from the first byte, port 636.
    Ldaps,
}

impl ServerUrl {
    /// How the URL begins.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host: a DNS name in ASCII lower case, or an IPv4 address. This is the name that the
    /// server's certificate must carry.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(ServerUrlError::Scheme)?;
        let (scheme, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "ldap" => (Scheme::Ldap, 389),
            "ldaps" => (Scheme::Ldaps, 636),
            _ => return Err(ServerUrlError::Scheme),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.starts_with('[') {
            return Err(ServerUrlError::Ipv6);
        }
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, parse_port(port)?),
            None => (authority, default_port),
        };
        if !is_host(host) {
            return Err(ServerUrlError::Host);
        }
        Ok(Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
        })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Ldap => "ldap",
            Scheme::Ldaps => "ldaps",
        };
        write!(formatter, "{scheme}://{}:{}", self.host, self.port)
    }
}

fn parse_port(text: &str) -> Result<u16, ServerUrlError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ServerUrlError::Port);
    }
    text.parse()
        .ok()
        .filter(|&port| port != 0)
        .ok_or(ServerUrlError::Port)
}

fn is_host(text: &str) -> bool {
    let looks_numeric = text
        .rsplit('.')
        .next()
        .is_some_and(|last| !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()));
    if looks_numeric {
        return text.parse::<Ipv4Addr>().is_ok();
    }
    matches!(ServerName::try_from(text), Ok(ServerName::DnsName(_)))
}

/// Why a text is not the address of an LDAP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerUrlError {
    /// It does not begin with `ldap://` or `ldaps://`.
    #[error("an LDAP server is written ldap://host or ldaps://host")]
    Scheme,
    /// What stands for the host is neither a DNS name nor an IPv4 address, or more follows it.
    #[error("the host must be a DNS name or an IPv4 address, and nothing but a port may follow")]
    Host,
    /// An IPv6 address: the LDAP library cannot check a certificate against one.
    #[error("IPv6 addresses are not supported here: name the server, as its certificate does")]
    Ipv6,
    /// The port is not a number from 1 to 65535.
    #[error("the port must be a number from 1 to 65535")]
    Port,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_administrators_write() {
        let url: ServerUrl = "LDAPS://DC1.corp.contoso.com/".parse().unwrap();
        assert_eq!(
            (url.scheme(), url.host(), url.port()),
            (Scheme::Ldaps, "dc1.corp.contoso.com", 636)
        );
        let url: ServerUrl = "ldap://10.0.0.5:3389".parse().unwrap();
        assert_eq!(url.to_string(), "ldap://10.0.0.5:3389");
    }

    #[test]
    fn refuses_everything_else() {
        for (text, error) in [
            ("dc1.contoso.com", ServerUrlError::Scheme),
            ("ldap:foo", ServerUrlError::Scheme),
            ("ldapi:///var/run/ldapi", ServerUrlError::Scheme),
            ("https://dc1", ServerUrlError::Scheme),
            ("ldaps://", ServerUrlError::Host),
            ("ldaps:///", ServerUrlError::Host),
            ("ldaps://dc1/dc=contoso", ServerUrlError::Host),
            ("ldaps://dc1?x", ServerUrlError::Host),
            ("ldaps://user@dc1", ServerUrlError::Host),
            ("ldaps://dc 1", ServerUrlError::Host),
            ("ldaps://dc1\0", ServerUrlError::Host),
            ("ldaps://300.1.1.1", ServerUrlError::Host),
            ("ldaps://1", ServerUrlError::Host),
            ("ldaps://dücks", ServerUrlError::Host),
            ("ldaps://[::1]:636", ServerUrlError::Ipv6),
            ("ldaps://dc1:", ServerUrlError::Port),
            ("ldaps://dc1:+1", ServerUrlError::Port),
            ("ldaps://dc1:0", ServerUrlError::Port),
            ("ldaps://dc1:65536", ServerUrlError::Port),
            ("ldaps://dc1:636:1", ServerUrlError::Port),
        ] {
            assert_eq!(text.parse::<ServerUrl>(), Err(error), "{text}");
        }
    }
}
