//! `[directory]`: its connection, and how names are mapped to accounts.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Spanned;

use crate::{
    directory::{self, Dn, Password, ScopeFilter, ServerUrl, TlsMode},
    http::tls,
    realm::{self, FederatedDomain, ImmutableIdEncoding, ImmutableIdSource, Mapping},
};

use super::{
    super::{ConfigError, Directory, SecretSource, error::Source, file, read_bytes},
    number, seconds,
};

/// What a connection to the directory needs, secrets and certificates still files.
#[derive(Debug)]
pub(in crate::config) struct Connection {
    pub(in crate::config) servers: Vec<ServerUrl>,
    tls_mode: TlsMode,
    ca: Option<PathBuf>,
    bind_dn: String,
    bind_password: SecretSource,
    base: Dn,
    filter: Option<ScopeFilter>,
    deadline: Duration,
    password_connections: usize,
}

impl Connection {
    pub(in crate::config) fn load(&self) -> Result<directory::Settings, ConfigError> {
        let tls = match &self.ca {
            Some(path) => tls::client_config(&[&read_bytes(path)?]),
            None => tls::client_config_with_system_roots(),
        }
        .map_err(|error| ConfigError::Tls {
            what: match &self.ca {
                Some(path) => path.display().to_string(),
                None => "the system's certificates".to_owned(),
            },
            cause: error.to_string(),
        })?;
        let bind_password = Password::parse(self.bind_password.read()?.as_str())
            .map_err(|_| ConfigError::Secret(self.bind_password.to_string()))?;
        Ok(directory::Settings {
            servers: self.servers.clone(),
            tls_mode: self.tls_mode,
            tls,
            bind_dn: self.bind_dn.clone(),
            bind_password,
            base: self.base.clone(),
            scope_filter: self.filter.clone(),
            operation_deadline: self.deadline,
            connect_deadline: self.deadline.min(directory::Settings::CONNECT_DEADLINE),
            max_bind_connections: self.password_connections,
            bind_wait: directory::Settings::BIND_WAIT,
        })
    }
}

pub(super) fn build(
    directory: file::Directory,
    domains: &[FederatedDomain],
    source: Source<'_>,
    folder: &Path,
) -> Result<Directory, ConfigError> {
    let (servers, tls_mode) = servers(&directory, source)?;
    if directory.bind_dn.as_ref().trim().is_empty() {
        return Err(source.invalid(directory.bind_dn.span(), "bind_dn is empty"));
    }
    let base = dn(&directory.base, source)?;
    let filter = directory
        .filter
        .as_ref()
        .map(|filter| {
            ScopeFilter::parse(filter.as_ref())
                .map_err(|error| source.invalid(filter.span(), error.to_string()))
        })
        .transpose()?;
    let scope = match &directory.scope {
        None => vec![base.clone()],
        Some(scope) => scope
            .iter()
            .map(|text| dn(text, source))
            .collect::<Result<_, _>>()?,
    };
    if directory.sign_in_attributes.as_ref().is_empty() || scope.is_empty() {
        return Err(source.invalid(
            directory.sign_in_attributes.span(),
            "sign_in_attributes and scope must not be empty",
        ));
    }
    let connection = Connection {
        servers,
        tls_mode,
        ca: directory.ca.map(|path| folder.join(path)),
        bind_dn: directory.bind_dn.as_ref().clone(),
        bind_password: match directory.bind_password.as_ref() {
            file::Secret::File(path) => SecretSource::File(folder.join(path)),
            file::Secret::Env(name) => SecretSource::Env(name.clone()),
        },
        base,
        filter,
        deadline: seconds(&directory.deadline_seconds, 1..=60, source)?,
        password_connections: usize::try_from(number(
            &directory.password_connections,
            1..=1024,
            source,
        )?)
        .unwrap_or(16),
    };
    Ok(Directory {
        connection,
        mapping: Mapping {
            sign_in_attributes: directory
                .sign_in_attributes
                .as_ref()
                .iter()
                .map(|attribute| sign_in_attribute(*attribute))
                .collect(),
            immutable_id: directory
                .immutable_id
                .as_ref()
                .map(|id| immutable_id(id, source))
                .transpose()?
                .unwrap_or_default(),
            federated_domains: domains.to_vec(),
            scopes: scope,
            allow_privileged: directory.permit_privileged_accounts,
            cache_lifetime: seconds(&directory.mapping_cache_seconds, 0..=3600, source)?,
            cache_capacity: Mapping::CACHE_CAPACITY,
        },
    })
}

/// The servers, and how TLS is spoken with them: one way for all.
fn servers(
    directory: &file::Directory,
    source: Source<'_>,
) -> Result<(Vec<ServerUrl>, TlsMode), ConfigError> {
    let servers = directory
        .servers
        .as_ref()
        .iter()
        .map(|server| {
            server.as_ref().parse::<ServerUrl>().map_err(|error| {
                source.invalid(server.span(), format!("{:?}: {error}", server.as_ref()))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let tls_mode = match (directory.starttls, directory.plaintext_on_purpose) {
        (false, false) => TlsMode::Ldaps,
        (true, false) => TlsMode::StartTls,
        (false, true) => TlsMode::PlaintextOnPurpose,
        (true, true) => {
            return Err(source.invalid(
                directory.servers.span(),
                "starttls and plaintext_on_purpose exclude each other",
            ));
        }
    };
    if servers.is_empty() {
        return Err(source.invalid(directory.servers.span(), "no directory server is named"));
    }
    if let Some(server) = servers
        .iter()
        .find(|server| server.scheme() != tls_mode.scheme())
    {
        return Err(source.invalid(
            directory.servers.span(),
            format!(
                "{server}: use ldaps://, or ldap:// with starttls = true, or ldap:// with \
                 plaintext_on_purpose = true where passwords may cross the wire in clear"
            ),
        ));
    }
    Ok((servers, tls_mode))
}

fn dn(text: &Spanned<String>, source: Source<'_>) -> Result<Dn, ConfigError> {
    text.as_ref().parse::<Dn>().map_err(|_| {
        source.invalid(
            text.span(),
            format!("{:?} is not a distinguished name", text.as_ref()),
        )
    })
}

fn sign_in_attribute(attribute: file::SignInAttribute) -> realm::SignInAttribute {
    match attribute {
        file::SignInAttribute::Mail => realm::SignInAttribute::Mail,
        file::SignInAttribute::ProxyAddresses => realm::SignInAttribute::ProxyAddresses,
        file::SignInAttribute::UserPrincipalName => realm::SignInAttribute::UserPrincipalName,
        file::SignInAttribute::SamAccountName => realm::SignInAttribute::SamAccountName,
    }
}

fn immutable_id(
    id: &Spanned<file::ImmutableId>,
    source: Source<'_>,
) -> Result<ImmutableIdSource, ConfigError> {
    let attribute = |name: &str, encoding| {
        let name = directory::Attribute::parse(name)
            .map_err(|error| source.invalid(id.span(), format!("{name:?}: {error}")))?;
        Ok::<_, ConfigError>(ImmutableIdSource::Attribute { name, encoding })
    };
    Ok(match id.as_ref() {
        file::ImmutableId::ConsistencyGuidThenObjectGuid => {
            ImmutableIdSource::ConsistencyGuidThenObjectGuid
        }
        file::ImmutableId::ObjectGuid => ImmutableIdSource::ObjectGuid,
        file::ImmutableId::TextAttribute(name) => attribute(name, ImmutableIdEncoding::Text)?,
        file::ImmutableId::BinaryAttribute(name) => attribute(name, ImmutableIdEncoding::Base64)?,
    })
}
