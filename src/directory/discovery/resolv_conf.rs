//! The DNS servers that the system uses, of `/etc/resolv.conf` (resolv.conf(5)).

use std::net::{IpAddr, SocketAddr};

/// Where the system keeps them.
pub(super) const FILE: &str = "/etc/resolv.conf";

/// As many as the system itself uses (`MAXNS`).
pub(super) const MOST_SERVERS: usize = 3;

/// The port of DNS.
const PORT: u16 = 53;

/// The servers that the file names now.
pub(super) fn read() -> Result<Vec<SocketAddr>, std::io::Error> {
    Ok(parse(&std::fs::read_to_string(FILE)?))
}

fn parse(text: &str) -> Vec<SocketAddr> {
    let server = |line: &str| {
        let mut words = line.split_whitespace();
        if words.next() != Some("nameserver") {
            return None;
        }
        let word = words.next()?;
        // An address with a zone ("fe80::1%eth0") is read as a socket address is.
        let address = word.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
        address.or_else(|_| format!("[{word}]:{PORT}").parse()).ok()
    };
    text.lines().filter_map(server).take(MOST_SERVERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_are_read_and_the_rest_is_not() {
        let text = "# nameserver 10.9.9.9\n; nameserver 10.9.9.8\nsearch contoso.com\n\
                    options timeout:1\nnameserver 10.0.0.53\nnameserver\nnameserver dns.test\n\
                    \tnameserver\t2001:db8::53   # the other\nnameserver 127.0.0.53\n\
                    nameserver 10.0.0.54\n";
        let found: Vec<_> = parse(text).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            ["10.0.0.53:53", "[2001:db8::53]:53", "127.0.0.53:53"]
        );
        assert!(parse("").is_empty());
    }
}
