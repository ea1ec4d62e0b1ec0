use std::{net::SocketAddr, path::PathBuf};

/// Where audit lines go, and what holds when they cannot.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The file that they are appended to; `None` for stderr.
    pub file: Option<PathBuf>,
    /// Whose lines they are; `None` for the name of the machine.
    pub node: Option<NodeName>,
    /// The journal's socket, where copies go.
    pub journald: Option<PathBuf>,
    /// The syslog server, where copies go.
    pub syslog: Option<Syslog>,
    /// Whether assertions are issued without a line.
    pub when_unwritable: WhenUnwritable,
    /// Whether a line must be on the disk before the answer leaves.
    pub sync: Sync,
}

/// What becomes of a sign-in whose line cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenUnwritable {
    /// It goes on. What is lost is counted, and told in the trail once that can be written again.
    #[default]
    GoOn,
    /// It is refused: no assertion leaves without its line.
    Refuse,
}

/// What a line must have reached before the answer leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// The operating system. A killed process loses nothing; a machine without power may lose
    /// seconds.
    #[default]
    Never,
    /// The disk. Lines that wait together get there together.
    Each,
}

/// A syslog server, by RFC 5424.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Syslog {
    /// The socket of one on this machine, by datagrams.
    Unix(PathBuf),
    /// RFC 5426.
    Udp(SocketAddr),
    /// RFC 6587, each message with its length before it.
    Tcp(SocketAddr),
}

impl Syslog {
    /// Reads `unix:/PATH`, `udp://ADDRESS:PORT` or `tcp://ADDRESS:PORT`. Addresses are numbers: a
    /// name that cannot be looked up would hold lines back.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return path.starts_with('/').then(|| Self::Unix(path.into()));
        }
        let (scheme, address) = text.split_once("://")?;
        let address = address.parse().ok()?;
        match scheme {
            "udp" => Some(Self::Udp(address)),
            "tcp" => Some(Self::Tcp(address)),
            _ => None,
        }
    }
}

/// The name of one server among several: letters, digits, `.`, `-` and `_`, 63 at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(String);

impl NodeName {
    /// Takes a name that is one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_name = (1..=63).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        is_name.then(|| Self(text.to_owned()))
    }

    /// That of this machine, as far as it is one.
    pub fn of_machine() -> Self {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self::parse(name.trim()).unwrap_or_else(|| Self("localhost".to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
