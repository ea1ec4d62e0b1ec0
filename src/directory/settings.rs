use std::{fmt, sync::Arc, time::Duration};

use rustls::ClientConfig;

use super::{Discovery, Dn, Password, PasswordChange, Scheme, ScopeFilter, ServerUrl};

/// How a directory is reached and read.
#[derive(Clone)]
pub struct Settings {
    /// The servers.
    pub servers: Servers,
    /// How the connection is protected.
    pub tls_mode: TlsMode,
    /// The TLS configuration (trusted CAs, versions), shared by all connections: building one
    /// per connection costs tens of milliseconds.
    pub tls: Arc<ClientConfig>,
    /// The service account that searches.
    pub service: ServiceAccount,
    /// Where searches begin; the subtree under it is seen.
    pub base: Dn,
    /// A condition that every account must meet to be seen, besides the one asked for.
    pub scope_filter: Option<ScopeFilter>,
    /// How people change their passwords.
    pub password_change: PasswordChange,
    /// Deadlines and bounds.
    pub limits: Limits,
}

/// Which servers a directory has. All hold the same data.
#[derive(Clone, Debug)]
pub enum Servers {
    /// These, by priority: the first that is up is used.
    Listed(Vec<ServerUrl>),
    /// Those that DNS says.
    Discovered(Discovery),
}

impl Servers {
    /// The servers that the settings name.
    pub fn listed(&self) -> &[ServerUrl] {
        match self {
            Self::Listed(servers) => servers,
            Self::Discovered(_) => &[],
        }
    }
}

/// Who searches: an account that may read other accounts, and nothing else.
#[derive(Clone)]
pub enum ServiceAccount {
    /// One with a password (simple bind).
    Password {
        /// Its DN or, with Active Directory, its UPN.
        name: String,
        /// Its password.
        password: Password,
    },
    /// One that the directory knows by a client certificate (SASL EXTERNAL, RFC 4422 appendix A,
    /// RFC 4513 5.2.3).
    Certificate {
        /// Its name, for people: the directory goes by the certificate alone.
        name: String,
        /// The TLS configuration that shows the certificate. Only connections of the service
        /// account use it: password checks must not begin as somebody.
        tls: Arc<ClientConfig>,
    },
}

impl ServiceAccount {
    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        match self {
            Self::Password { name, .. } | Self::Certificate { name, .. } => name,
        }
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { name, .. } => write!(formatter, "{name:?}"),
            Self::Certificate { name, .. } => write!(formatter, "{name:?} by certificate"),
        }
    }
}

/// Deadlines and bounds of the operations on one directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most that one operation may take, second attempt and new connection included.
    pub operation_deadline: Duration,
    /// The most that a first attempt may take where another server is up to go to instead. A
    /// server that lets it pass counts as down.
    pub attempt_deadline: Duration,
    /// The most that TCP connect and TLS together may take, per server.
    pub connect_deadline: Duration,
    /// How many connections searches share.
    pub search_connections: usize,
    /// The most searches at the same time.
    pub max_searches: usize,
    /// The most connections on which passwords are checked at the same time.
    pub max_bind_connections: usize,
    /// The most that an operation waits for its turn when as many are in flight as may be.
    pub max_wait: Duration,
}

impl Default for Limits {
    /// What serves some hundred sign-ins a second and hides an outage of one server.
    fn default() -> Self {
        Self {
            operation_deadline: Duration::from_secs(5),
            attempt_deadline: Duration::from_millis(700),
            connect_deadline: Duration::from_secs(3),
            search_connections: 2,
            max_searches: 64,
            max_bind_connections: 16,
            max_wait: Duration::from_secs(2),
        }
    }
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        match &self.servers {
            Servers::Listed(servers) if servers.is_empty() => return Err(SettingsError::NoServer),
            Servers::Discovered(_) if self.tls_mode == TlsMode::PlaintextOnPurpose => {
                return Err(SettingsError::DiscoveryInClear);
            }
            _ => {}
        }
        let scheme = self.tls_mode.scheme();
        let mut servers = self.servers.listed().iter();
        if let Some(server) = servers.find(|server| server.scheme() != scheme) {
            return Err(SettingsError::Scheme {
                server: server.clone(),
                mode: self.tls_mode,
            });
        }
        match &self.service {
            ServiceAccount::Password { name, .. } if name.is_empty() => {
                return Err(SettingsError::NoBindDn);
            }
            ServiceAccount::Certificate { .. } if self.tls_mode == TlsMode::PlaintextOnPurpose => {
                return Err(SettingsError::CertificateInClear);
            }
            _ => {}
        }
        let limits = &self.limits;
        if [
            limits.search_connections,
            limits.max_searches,
            limits.max_bind_connections,
        ]
        .contains(&0)
        {
            return Err(SettingsError::NoConnections);
        }
        Ok(())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("servers", &self.servers)
            .field("tls_mode", &self.tls_mode)
            .field("service", &self.service)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// How a connection to the directory is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// TLS from the first byte; servers are written `ldaps://`.
    Ldaps,
    /// StartTLS (RFC 4511 4.14) before anything else is said; servers are written `ldap://`. A
    /// server that refuses it is not used.
    StartTls,
    /// No protection: passwords cross the network in clear. Only for a directory on the same
    /// machine, and only where the configuration says so in so many words.
    PlaintextOnPurpose,
}

impl TlsMode {
    /// How servers are written in this mode.
    pub fn scheme(self) -> Scheme {
        match self {
            Self::Ldaps => Scheme::Ldaps,
            Self::StartTls | Self::PlaintextOnPurpose => Scheme::Ldap,
        }
    }
}

/// Why no directory can be made of some [`Settings`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The list of servers is empty.
    #[error("no directory server is named")]
    NoServer,
    /// A server's URL does not go with the TLS mode.
    #[error(
        "{server} does not go with TLS mode {mode:?}: use ldaps:// for LDAPS, ldap:// for StartTLS"
    )]
    Scheme {
        /// The server.
        server: ServerUrl,
        /// The mode.
        mode: TlsMode,
    },
    /// DNS would decide where passwords go.
    #[error(
        "servers found by DNS need TLS: only their certificates say that they are the right ones"
    )]
    DiscoveryInClear,
    /// The service account has no name, so the bind would be anonymous.
    #[error("the service account's name is empty")]
    NoBindDn,
    /// A client certificate is shown in a TLS handshake, and there is none.
    #[error("a service account by certificate needs TLS")]
    CertificateInClear,
    /// With no connection, or no operation at a time, nobody could sign in.
    #[error("at least one connection for searches and one for password checks are needed")]
    NoConnections,
}
