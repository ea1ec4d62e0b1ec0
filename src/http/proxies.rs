//! Where a request comes from, when proxies stand in between.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Request;

/// The proxies whose word is taken. With none, forwarded headers are not looked at: anybody can
/// write them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// The address that a request came from: the last one in `X-Forwarded-For` that is not a
    /// trusted proxy's own, as far as the chain of trusted proxies reaches.
    pub fn client_of(&self, request: &Request) -> IpAddr {
        let peer = request.peer.ip().to_canonical();
        if !self.contains(peer) {
            return peer;
        }
        let mut known = peer;
        let fields = request.headers.get_all("x-forwarded-for");
        let fields = fields.iter().rev().filter_map(|field| field.to_str().ok());
        for hop in fields.flat_map(|field| field.rsplit(',')) {
            // What a proxy did not write in the usual form says nothing; what stands before it
            // was written by somebody further away still.
            let Ok(address) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            known = address.to_canonical();
            if !self.contains(known) {
                break;
            }
        }
        known
    }

    /// The same, unless it is a proxy's own: then nobody has said where the request came from.
    pub fn origin_of(&self, request: &Request) -> Option<IpAddr> {
        Some(self.client_of(request)).filter(|address| !self.contains(*address))
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::{HeaderMap, Method, header::HeaderValue};

    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for field in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(field).unwrap());
        }
        let request = Request {
            method: Method::GET,
            target: http::uri::PathAndQuery::from_static("/"),
            headers,
            body: Bytes::new(),
            peer: format!("{peer}:1").parse().unwrap(),
        };
        let networks = trusted
            .iter()
            .map(|network| network.parse().unwrap())
            .collect();
        let proxies = TrustedProxies::new(networks);
        let client = proxies.client_of(&request);
        let origin = proxies.origin_of(&request);
        assert!(origin.is_none_or(|origin| origin == client));
        (client.to_string(), origin.is_some())
    }

    #[test]
    fn nobody_is_believed_but_trusted_proxies() {
        let proxies = &["10.0.0.0/8"][..];
        for (peer, forwarded, trusted, expected) in [
            ("192.0.2.1", &["203.0.113.9"][..], proxies, "192.0.2.1"),
            ("10.0.0.1", &["203.0.113.9"], &[][..], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], proxies, "203.0.113.9"),
            // Whatever the client wrote itself stands further to the left.
            (
                "10.0.0.1",
                &["127.0.0.1, 203.0.113.9"],
                proxies,
                "203.0.113.9",
            ),
            (
                "10.0.0.1",
                &["127.0.0.1", "203.0.113.9, 10.0.0.2"],
                proxies,
                "203.0.113.9",
            ),
            ("10.0.0.1", &["203.0.113.9, unknown"], proxies, "10.0.0.1"),
            ("10.0.0.1", &[], proxies, "10.0.0.1"),
            (
                "[::ffff:10.0.0.1]",
                &["2001:db8::1"],
                proxies,
                "2001:db8::1",
            ),
        ] {
            // Else it is the word of a proxy that does not know it either.
            let is_known = expected != "10.0.0.1" || trusted.is_empty();
            assert_eq!(
                client(peer, forwarded, trusted),
                (expected.to_owned(), is_known),
                "{peer} {forwarded:?}"
            );
        }
    }
}
