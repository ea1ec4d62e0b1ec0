//! How the directory is reached: servers, TLS, the service account, deadlines.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Spanned;

use crate::{
    directory::{
        self, Dn, Password, PasswordChange, ScopeFilter, ServerUrl, Servers, ServiceAccount,
        TlsMode,
    },
    http::tls::{self, ClientOptions},
};

use super::super::{
    super::{ConfigError, SecretSource, error::Source, file, read_bytes, secret::read_private},
    number, seconds,
};
use super::{discovery, place};

/// The service account, its secret still a file or variable.
#[derive(Debug)]
enum Service {
    Password {
        name: String,
        secret: SecretSource,
    },
    Certificate {
        name: String,
        chain: PathBuf,
        key: PathBuf,
    },
}

/// What a connection to the directory needs, secrets and certificates still files.
#[derive(Debug)]
pub(in crate::config) struct Connection {
    pub(in crate::config) servers: Servers,
    /// A name that each server's certificate must have, besides the server's own.
    second_name: Option<String>,
    tls_mode: TlsMode,
    ca: Option<PathBuf>,
    service: Service,
    base: Dn,
    filter: Option<ScopeFilter>,
    password_change: PasswordChange,
    limits: directory::Limits,
}

impl Connection {
    pub(in crate::config) fn load(&self) -> Result<directory::Settings, ConfigError> {
        let roots = self.ca.as_deref().map(read_bytes).transpose()?;
        let trust = ClientOptions {
            roots_pem: roots.as_deref(),
            second_name: self.second_name.as_deref(),
            identity: None,
        };
        let tls = tls::client_config_with(trust).map_err(|error| ConfigError::Tls {
            what: match &self.ca {
                Some(path) => path.display().to_string(),
                None => "the system's certificates".to_owned(),
            },
            cause: error.to_string(),
        })?;
        Ok(directory::Settings {
            servers: self.servers.clone(),
            tls_mode: self.tls_mode,
            tls,
            service: self.service.load(trust)?,
            base: self.base.clone(),
            scope_filter: self.filter.clone(),
            password_change: self.password_change,
            limits: self.limits,
        })
    }
}

impl Service {
    fn load(&self, trust: ClientOptions<'_>) -> Result<ServiceAccount, ConfigError> {
        match self {
            Self::Password { name, secret } => Ok(ServiceAccount::Password {
                name: name.clone(),
                password: Password::parse(secret.read()?.as_str())
                    .map_err(|_| ConfigError::Secret(secret.to_string()))?,
            }),
            Self::Certificate { name, chain, key } => {
                let identity = tls::ClientIdentity {
                    chain_pem: &read_bytes(chain)?,
                    key_pem: &read_private(key)?,
                };
                let options = ClientOptions {
                    identity: Some(identity),
                    ..trust
                };
                tls::client_config_with(options)
                    .map(|tls| ServiceAccount::Certificate {
                        name: name.clone(),
                        tls,
                    })
                    .map_err(|error| ConfigError::Tls {
                        what: format!("{} and {}", chain.display(), key.display()),
                        cause: error.to_string(),
                    })
            }
        }
    }
}

pub(super) fn build(
    file: &file::Directory,
    base: Dn,
    source: Source<'_>,
    folder: &Path,
) -> Result<Connection, ConfigError> {
    let tls_mode = match (file.starttls, file.plaintext_on_purpose) {
        (false, false) => TlsMode::Ldaps,
        (true, false) => TlsMode::StartTls,
        (false, true) => TlsMode::PlaintextOnPurpose,
        (true, true) => {
            return Err(source.invalid(
                place(file),
                "starttls and plaintext_on_purpose exclude each other",
            ));
        }
    };
    let filter = file.filter.as_ref().map(|filter| {
        ScopeFilter::parse(filter.as_ref())
            .map_err(|error| source.invalid(filter.span(), error.to_string()))
    });
    let (servers, second_name) = match (&file.servers, &file.discover) {
        (Some(list), None) => (Servers::Listed(listed(list, tls_mode, source)?), None),
        (None, Some(discover)) => discovery::build(discover, tls_mode, source)?,
        _ => {
            return Err(source.invalid(
                place(file),
                "a directory needs either servers or discover, and not both",
            ));
        }
    };
    Ok(Connection {
        servers,
        second_name,
        tls_mode,
        ca: file.ca.as_ref().map(|path| folder.join(path)),
        service: service(file, source, folder)?,
        base,
        filter: filter.transpose()?,
        password_change: match file.password_change {
            file::PasswordChange::Off => PasswordChange::Off,
            file::PasswordChange::ActiveDirectory => PasswordChange::ActiveDirectory,
            file::PasswordChange::PasswordModify => PasswordChange::PasswordModify,
        },
        limits: limits(file, source)?,
    })
}

fn service(
    file: &file::Directory,
    source: Source<'_>,
    folder: &Path,
) -> Result<Service, ConfigError> {
    let name = file.bind_dn.as_ref().clone();
    if name.trim().is_empty() {
        return Err(source.invalid(file.bind_dn.span(), "bind_dn is empty"));
    }
    let secret = match file.bind_password.as_ref() {
        file::Credential::File(path) => SecretSource::File(folder.join(path)),
        file::Credential::Env(name) => SecretSource::Env(name.clone()),
        file::Credential::Certificate { .. } if file.plaintext_on_purpose => {
            return Err(source.invalid(
                file.bind_password.span(),
                "a client certificate is shown in TLS, and plaintext_on_purpose is set",
            ));
        }
        file::Credential::Certificate { chain, key } => {
            return Ok(Service::Certificate {
                name,
                chain: folder.join(chain),
                key: folder.join(key),
            });
        }
    };
    Ok(Service::Password { name, secret })
}

fn listed(
    list: &Spanned<Vec<Spanned<String>>>,
    tls_mode: TlsMode,
    source: Source<'_>,
) -> Result<Vec<ServerUrl>, ConfigError> {
    let servers = list
        .as_ref()
        .iter()
        .map(|server| {
            server.as_ref().parse::<ServerUrl>().map_err(|error| {
                source.invalid(server.span(), format!("{:?}: {error}", server.as_ref()))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if servers.is_empty() {
        return Err(source.invalid(list.span(), "no directory server is named"));
    }
    match servers
        .iter()
        .find(|server| server.scheme() != tls_mode.scheme())
    {
        None => Ok(servers),
        Some(server) => Err(source.invalid(
            list.span(),
            format!(
                "{server}: use ldaps://, or ldap:// with starttls = true, or ldap:// with \
                 plaintext_on_purpose = true where passwords may cross the wire in clear"
            ),
        )),
    }
}

fn limits(
    directory: &file::Directory,
    source: Source<'_>,
) -> Result<directory::Limits, ConfigError> {
    let defaults = directory::Limits::default();
    let deadline = seconds(&directory.deadline_seconds, 1..=60, source)?;
    let attempt = number(&directory.attempt_milliseconds, 50..=60_000, source)?;
    let count = |value| Ok::<_, ConfigError>(number(value, 1..=1024, source)? as usize);
    Ok(directory::Limits {
        operation_deadline: deadline,
        attempt_deadline: deadline.min(Duration::from_millis(attempt.into())),
        connect_deadline: deadline.min(defaults.connect_deadline),
        search_connections: count(&directory.search_connections)?,
        max_searches: count(&directory.searches_at_once)?,
        max_bind_connections: count(&directory.password_connections)?,
        max_wait: defaults.max_wait,
    })
}
