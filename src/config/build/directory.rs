//! `[[directory]]`: its connection, and how names are mapped to accounts.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Spanned;

use crate::{
    directory::{
        self, Dn, Password, PasswordChange, ScopeFilter, ServerUrl, ServiceAccount, TlsMode,
    },
    http::tls,
    realm::{self, FederatedDomain, ImmutableIdEncoding, ImmutableIdSource, Mapping},
};

use super::{
    super::{
        ConfigError, Directory, SecretSource, error::Source, file, read_bytes, secret::read_private,
    },
    domain, number, seconds,
};

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
    pub(in crate::config) servers: Vec<ServerUrl>,
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
        Ok(directory::Settings {
            servers: self.servers.clone(),
            tls_mode: self.tls_mode,
            tls,
            service: self.service.load(self.ca.as_deref())?,
            base: self.base.clone(),
            scope_filter: self.filter.clone(),
            password_change: self.password_change,
            limits: self.limits,
        })
    }
}

impl Service {
    fn load(&self, ca: Option<&Path>) -> Result<ServiceAccount, ConfigError> {
        match self {
            Self::Password { name, secret } => Ok(ServiceAccount::Password {
                name: name.clone(),
                password: Password::parse(secret.read()?.as_str())
                    .map_err(|_| ConfigError::Secret(secret.to_string()))?,
            }),
            Self::Certificate { name, chain, key } => {
                let roots = ca.map(read_bytes).transpose()?;
                let identity = tls::ClientIdentity {
                    chain_pem: &read_bytes(chain)?,
                    key_pem: &read_private(key)?,
                };
                tls::client_config_with_identity(roots.as_deref(), identity)
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
    directories: file::Directories,
    domains: &[FederatedDomain],
    source: Source<'_>,
    folder: &Path,
) -> Result<Vec<Directory>, ConfigError> {
    let is_only = directories.0.len() == 1;
    let mut built: Vec<Directory> = Vec::new();
    for file in directories.0 {
        let servers = file.servers.span();
        let (name, span) = match &file.name {
            Some(name) => (name.as_ref().clone(), name.span()),
            None if is_only => ("directory".to_owned(), servers),
            None => {
                return Err(source.invalid(servers, "one of several directories needs a name"));
            }
        };
        if name.trim().is_empty() || built.iter().any(|other| other.name == name) {
            return Err(source.invalid(span, "each directory needs a name of its own"));
        }
        built.push(directory(name, &file, domains, source, folder)?);
    }
    if built.is_empty() {
        return Err(source.invalid(0..0, "there is no [[directory]]"));
    }
    Ok(built)
}

fn directory(
    name: String,
    file: &file::Directory,
    domains: &[FederatedDomain],
    source: Source<'_>,
    folder: &Path,
) -> Result<Directory, ConfigError> {
    let base = dn(&file.base, source)?;
    Ok(Directory {
        name,
        mapping: mapping(file, &base, domains, source)?,
        connection: connection(file, base, source, folder)?,
    })
}

fn connection(
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
                file.servers.span(),
                "starttls and plaintext_on_purpose exclude each other",
            ));
        }
    };
    let filter = file.filter.as_ref().map(|filter| {
        ScopeFilter::parse(filter.as_ref())
            .map_err(|error| source.invalid(filter.span(), error.to_string()))
    });
    Ok(Connection {
        servers: servers(&file.servers, tls_mode, source)?,
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

fn servers(
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

fn mapping(
    file: &file::Directory,
    base: &Dn,
    domains: &[FederatedDomain],
    source: Source<'_>,
) -> Result<Mapping, ConfigError> {
    let domain_list = |list: &[Spanned<String>]| {
        list.iter()
            .map(|text| domain(text, source))
            .collect::<Result<Vec<_>, _>>()
    };
    let dn_list = |list: &[Spanned<String>]| {
        list.iter()
            .map(|text| dn(text, source))
            .collect::<Result<Vec<_>, _>>()
    };
    let scopes = match &file.scope {
        None => vec![base.clone()],
        Some(scope) => dn_list(scope)?,
    };
    let attributes = &file.sign_in_attributes;
    if attributes.as_ref().is_empty() || scopes.is_empty() {
        return Err(source.invalid(
            attributes.span(),
            "sign_in_attributes and scope must not be empty",
        ));
    }
    let immutable_id = file.immutable_id.as_ref();
    Ok(Mapping {
        sign_in_attributes: attributes
            .as_ref()
            .iter()
            .map(|attribute| sign_in_attribute(*attribute))
            .collect(),
        immutable_id: immutable_id
            .map(|id| self::immutable_id(id, source))
            .transpose()?
            .unwrap_or_default(),
        federated_domains: domains.to_vec(),
        scopes,
        email_domains: file.email_domains.as_deref().map(domain_list).transpose()?,
        refused_groups: dn_list(&file.refuse_groups)?,
        own_domains: domain_list(&file.own_domains)?,
        allow_own_domains: file.permit_own_domains,
        allow_privileged: file.permit_privileged_accounts,
        cache_lifetime: seconds(&file.mapping_cache_seconds, 0..=3600, source)?,
        cache_capacity: Mapping::CACHE_CAPACITY,
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const ONE: &str = r#"
servers = ["ldaps://dc1.contoso.com"]
bind_dn = "CN=svc,DC=contoso,DC=com"
bind_password = { env = "SECRET" }
base = "DC=contoso,DC=com"
"#;

    fn read(directories: &str) -> Result<Vec<Directory>, String> {
        let text = format!(
            r#"base_url = "https://login.contoso.com"
[listen]
address = "127.0.0.1:0"
plain_http_behind_a_tls_proxy = true
trusted_proxies = ["127.0.0.1"]
[signing]
key = "k"
certificate = "c"
[[federated_domain]]
suffix = "partners.contoso.com"
issuer = "https://login.contoso.com/p"
[[relying_party]]
entity_id = "e"
assertion_consumer_services = ["https://sp.test/acs"]
{directories}"#
        );
        Config::parse(&text, "c.toml", Path::new(""))
            .map(|config| config.directories)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_directory_or_several_in_their_order() {
        for one in [format!("[directory]{ONE}"), format!("[[directory]]{ONE}")] {
            let directories = read(&one).unwrap();
            assert_eq!(directories.len(), 1);
            assert_eq!(directories[0].name, "directory");
            assert_eq!(directories[0].mapping.email_domains, None);
        }
        let table = |name: &str, more: &str| format!("[[directory]]\nname = {name:?}{ONE}{more}\n");
        let domains = "email_domains = [\"Fabrikam.com\"]\nown_domains = [\"contoso.com\"]";
        let directories = read(&(table("b", domains) + &table("a", ""))).unwrap();
        let order: Vec<_> = directories
            .iter()
            .map(|directory| &directory.name)
            .collect();
        assert_eq!(order, ["b", "a"]);
        let fabrikam = realm::DomainName::parse("fabrikam.com").unwrap();
        assert_eq!(directories[0].mapping.email_domains, Some(vec![fabrikam]));
        assert_eq!(directories[0].mapping.own_domains.len(), 1);

        for (wrong, expected) in [
            (
                table("a", "") + &table("a", ""),
                "c.toml:23: each directory needs a name",
            ),
            (table("", ""), "c.toml:16: each directory needs a name"),
            (
                format!("[[directory]]{ONE}[[directory]]{ONE}"),
                "of several directories needs a name",
            ),
            (String::new(), "missing field `directory`"),
            ("directory = []".to_owned(), ""),
            (table("a", "srevers = []"), "did you mean `servers`?"),
            (
                table("a", "email_domains = [\"fabrikam\"]"),
                "c.toml:21: \"fabrikam\"",
            ),
            (
                table("a", "refuse_groups = [\"Admins\"]"),
                "is not a distinguished name",
            ),
            (
                table("a", "attempt_milliseconds = 10"),
                "10 is not between 50 and 60000",
            ),
        ] {
            let error = read(&wrong).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
