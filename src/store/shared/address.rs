use std::{fmt, str::FromStr};

/// The address of one server: `rediss://host[:port]` with TLS, `redis://host[:port]` without, nothing
/// more. `valkeys://` and `valkey://` mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreAddress {
    host: String,
    port: u16,
    tls: bool,
}

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreAddressError {
    /// It begins with something else.
    #[error("must begin with rediss:// or redis://")]
    Scheme,
    /// There is no host, or something besides a DNS name or IPv4 address and a port: name, password and
    /// database have keys of their own, or none.
    #[error("must be a host name or IPv4 address, with a port if it is not 6379, and nothing else")]
    Host,
}

impl StoreAddress {
    /// The host: a DNS name in lower case, or an IPv4 address. With TLS, the server's certificate must
    /// carry it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether TLS is spoken from the first octet.
    pub fn is_tls(&self) -> bool {
        self.tls
    }
}

impl FromStr for StoreAddress {
    type Err = StoreAddressError;

    fn from_str(text: &str) -> Result<Self, StoreAddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(StoreAddressError::Scheme)?;
        let tls = match scheme {
            "rediss" | "valkeys" => true,
            "redis" | "valkey" => false,
            _ => return Err(StoreAddressError::Scheme),
        };
        let (host, port) = match rest.split_once(':') {
            None => (rest, 6379),
            Some((host, port)) => (host, port.parse().map_err(|_| StoreAddressError::Host)?),
        };
        let is_host = host.starts_with(|first: char| first.is_ascii_alphanumeric())
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
        if !is_host || port == 0 {
            return Err(StoreAddressError::Host);
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port,
            tls,
        })
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "rediss" } else { "redis" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly() {
        for (text, told) in [
            (
                "rediss://Cache.contoso.com",
                "rediss://cache.contoso.com:6379",
            ),
            ("redis://127.0.0.1:7000", "redis://127.0.0.1:7000"),
            ("valkeys://a:1", "rediss://a:1"),
        ] {
            assert_eq!(text.parse::<StoreAddress>().unwrap().to_string(), told);
        }
        for text in ["cache", "http://cache", ""] {
            let error = text.parse::<StoreAddress>().unwrap_err();
            assert_eq!(error, StoreAddressError::Scheme, "{text}");
        }
        for text in [
            "redis://",
            "redis://:p@a",
            "redis://a/1",
            "redis://a:0",
            "redis://a:b",
        ] {
            let error = text.parse::<StoreAddress>().unwrap_err();
            assert_eq!(error, StoreAddressError::Host, "{text}");
        }
    }
}
