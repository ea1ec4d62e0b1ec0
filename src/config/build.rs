//! From the file's keys to typed settings: every value is parsed once, here.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use hyper::Uri;
use toml::Spanned;
use tracing::level_filters::LevelFilter;

use crate::{
    directory::{self, Dn, Password, ScopeFilter, ServerUrl, TlsMode},
    http::tls,
    observe::LogFormat,
    realm::{self, DomainName, FederatedDomain, ImmutableIdEncoding, ImmutableIdSource, Mapping},
    trust::{AssertionConsumerService, AttributeClaim, ClaimSource, RelyingParty, RequestKeys},
    web::Edge,
};

use super::{
    Config, ConfigError, Directory, Listen, Log, RelyingPartyFile, SecretSource, Signing, TlsFiles,
    error::Source, file, file::File, read_bytes, read_certificate,
};

/// How requests are authenticated, the certificates still files.
#[derive(Debug)]
pub(super) enum Signatures {
    NotVerified,
    WhenPresent(KeyFiles),
    Required(KeyFiles),
}

#[derive(Debug)]
pub(super) struct KeyFiles {
    certificates: Vec<PathBuf>,
    permit_sha1: bool,
}

impl KeyFiles {
    pub(super) fn load(&self) -> Result<RequestKeys, ConfigError> {
        let keys = self
            .certificates
            .iter()
            .map(|path| Ok(read_certificate(path)?.public_key().clone()))
            .collect::<Result<Vec<_>, ConfigError>>()?;
        RequestKeys::new(keys, self.permit_sha1)
            .ok_or_else(|| ConfigError::Secret("request_certificates".into()))
    }
}

/// What a connection to the directory needs, secrets and certificates still files.
#[derive(Debug)]
pub(super) struct Connection {
    pub servers: Vec<ServerUrl>,
    tls_mode: TlsMode,
    ca: Option<PathBuf>,
    bind_dn: String,
    bind_password: SecretSource,
    base: Dn,
    filter: Option<ScopeFilter>,
    limits: directory::Limits,
}

impl Connection {
    pub(super) fn load(&self) -> Result<directory::Settings, ConfigError> {
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
            limits: self.limits,
        })
    }
}

pub(super) fn build(file: File, source: Source<'_>, folder: &Path) -> Result<Config, ConfigError> {
    let domains = file
        .federated_domain
        .iter()
        .map(|domain| federated_domain(domain, source))
        .collect::<Result<Vec<_>, _>>()?;
    if domains.is_empty() {
        return Err(source.invalid(0..0, "there is no [[federated_domain]]"));
    }
    if file.relying_party.is_empty() {
        return Err(source.invalid(0..0, "there is no [[relying_party]]"));
    }
    Ok(Config {
        edge: Edge {
            base_url: base_url(&file.base_url, source)?,
            support_contact: file.support_contact,
            request_lifetime: minutes(&file.requests.lifetime_minutes, 1..=60, source)?,
            clock_skew: Duration::from_secs(file.requests.clock_skew_seconds.into()),
        },
        listen: listen(&file.listen, source, folder)?,
        operations: file.operations.map(|operations| operations.address),
        log: log(&file.log),
        signing: Signing {
            key: folder.join(file.signing.key),
            certificate: folder.join(file.signing.certificate),
            next_certificate: file.signing.next_certificate.map(|path| folder.join(path)),
        },
        session_lifetime: minutes(&file.session.lifetime_minutes, 1..=1440, source)?,
        relying_parties: file
            .relying_party
            .into_iter()
            .map(|party| relying_party(party, source, folder))
            .collect::<Result<_, _>>()?,
        directory: directory(file.directory, &domains, source, folder)?,
        domains,
    })
}

fn base_url(url: &Spanned<String>, source: Source<'_>) -> Result<String, ConfigError> {
    let text = url.as_ref().trim_end_matches('/');
    let parsed = https_url(text, url.span(), source)?;
    if parsed.path() != "/" || parsed.query().is_some() {
        return Err(source.invalid(
            url.span(),
            "base_url must have no path: https://HOST[:PORT]",
        ));
    }
    Ok(text.to_owned())
}

fn https_url(text: &str, span: Range<usize>, source: Source<'_>) -> Result<Uri, ConfigError> {
    let wrong = |message: &str| source.invalid(span.clone(), format!("{text:?} {message}"));
    let parsed: Uri = text.parse().map_err(|_| wrong("is not a URL"))?;
    if parsed.scheme_str() != Some("https") {
        return Err(wrong("must begin with https://"));
    }
    match parsed.authority() {
        Some(authority) if !authority.host().is_empty() && !authority.as_str().contains('@') => {
            Ok(parsed)
        }
        _ => Err(wrong("has no plain host name")),
    }
}

fn minutes(
    value: &Spanned<u32>,
    range: std::ops::RangeInclusive<u32>,
    source: Source<'_>,
) -> Result<Duration, ConfigError> {
    number(value, range, source).map(|minutes| Duration::from_secs(u64::from(minutes) * 60))
}

fn number(
    value: &Spanned<u32>,
    range: std::ops::RangeInclusive<u32>,
    source: Source<'_>,
) -> Result<u32, ConfigError> {
    let number = *value.as_ref();
    if range.contains(&number) {
        return Ok(number);
    }
    Err(source.invalid(
        value.span(),
        format!(
            "{number} is not between {} and {}",
            range.start(),
            range.end()
        ),
    ))
}

fn listen(
    table: &Spanned<file::Listen>,
    source: Source<'_>,
    folder: &Path,
) -> Result<Listen, ConfigError> {
    let listen = table.as_ref();
    let plain = listen.plain_http_behind_a_tls_proxy;
    let tls = match (&listen.tls_certificate, &listen.tls_key) {
        (Some(certificate), Some(key)) if !plain => Some(TlsFiles {
            certificate: folder.join(certificate),
            key: folder.join(key),
        }),
        (None, None) if plain => None,
        (None, None) => {
            return Err(source.invalid(
                table.span(),
                "[listen] needs tls_certificate and tls_key, or \
                 plain_http_behind_a_tls_proxy = true where a proxy in front ends TLS",
            ));
        }
        _ => {
            return Err(source.invalid(
                table.span(),
                "[listen] needs both tls_certificate and tls_key, or neither of them and \
                 plain_http_behind_a_tls_proxy = true",
            ));
        }
    };
    Ok(Listen {
        address: listen.address,
        tls,
    })
}

fn log(log: &file::Log) -> Log {
    Log {
        format: match log.format {
            file::LogFormat::Text => LogFormat::Text,
            file::LogFormat::Json => LogFormat::Json,
        },
        level: match log.level {
            file::LogLevel::Error => LevelFilter::ERROR,
            file::LogLevel::Warn => LevelFilter::WARN,
            file::LogLevel::Info => LevelFilter::INFO,
            file::LogLevel::Debug => LevelFilter::DEBUG,
        },
    }
}

fn federated_domain(
    domain: &file::FederatedDomain,
    source: Source<'_>,
) -> Result<FederatedDomain, ConfigError> {
    let suffix = DomainName::parse(domain.suffix.as_ref()).map_err(|error| {
        source.invalid(
            domain.suffix.span(),
            format!("{:?}: {error}", domain.suffix.as_ref()),
        )
    })?;
    let issuer = domain.issuer.as_ref();
    if issuer.trim() != issuer || issuer.is_empty() || issuer.parse::<Uri>().is_err() {
        return Err(source.invalid(domain.issuer.span(), format!("{issuer:?} is not a URI")));
    }
    Ok(FederatedDomain {
        suffix,
        issuer: issuer.to_owned(),
    })
}

fn relying_party(
    party: file::RelyingParty,
    source: Source<'_>,
    folder: &Path,
) -> Result<RelyingPartyFile, ConfigError> {
    let span = party.assertion_consumer_services.span();
    let consumers = party
        .assertion_consumer_services
        .as_ref()
        .iter()
        .zip(0..)
        .map(|(url, index)| {
            https_url(url.as_ref(), url.span(), source)?;
            Ok(AssertionConsumerService {
                index,
                url: url.as_ref().clone(),
            })
        })
        .collect::<Result<Vec<_>, ConfigError>>()?;
    if party.entity_id.as_ref().trim().is_empty() {
        return Err(source.invalid(party.entity_id.span(), "entity_id is empty"));
    }
    let signatures = signatures(&party, source, folder)?;
    let mut settings = RelyingParty::entra(party.entity_id.as_ref(), consumers)
        .ok_or_else(|| source.invalid(span, "at least one assertion consumer service is needed"))?;
    if let Some(name) = party.display_name {
        settings.display_name = name;
    }
    if let Some(audience) = party.audience {
        settings.audience = audience;
    }
    settings.sign_response = party.sign_response;
    if let Some(lifetime) = &party.assertion_lifetime_minutes {
        settings.assertion_lifetime = minutes(lifetime, 1..=1440, source)?;
    }
    if let Some(skew) = party.not_before_skew_seconds {
        settings.not_before_skew = Duration::from_secs(skew.into());
    }
    if let Some(attributes) = party.attributes {
        settings.attributes = attributes
            .into_iter()
            .map(|(name, claim)| AttributeClaim {
                name,
                source: claim_source(claim),
            })
            .collect();
    }
    Ok(RelyingPartyFile {
        party: settings,
        signatures,
    })
}

fn claim_source(claim: file::Claim) -> ClaimSource {
    match claim {
        file::Claim::CloudUpn => ClaimSource::CloudUpn,
        file::Claim::ImmutableId => ClaimSource::ImmutableId,
        file::Claim::DisplayName => ClaimSource::DisplayName,
    }
}

fn signatures(
    party: &file::RelyingParty,
    source: Source<'_>,
    folder: &Path,
) -> Result<Signatures, ConfigError> {
    let span = party.entity_id.span();
    let keys = KeyFiles {
        certificates: party
            .request_certificates
            .iter()
            .map(|path| folder.join(path))
            .collect(),
        permit_sha1: party.permit_sha1_requests,
    };
    match party.request_signatures {
        file::RequestSignatures::NotVerified => {
            // A key that nothing uses, or SHA-1 permitted for nothing, is a misunderstanding.
            if !keys.certificates.is_empty() || keys.permit_sha1 {
                return Err(source.invalid(
                    span,
                    "request_certificates and permit_sha1_requests need request_signatures = \
                     \"when-present\" or \"required\"",
                ));
            }
            Ok(Signatures::NotVerified)
        }
        _ if keys.certificates.is_empty() => {
            Err(source.invalid(span, "request_signatures needs request_certificates"))
        }
        file::RequestSignatures::WhenPresent => Ok(Signatures::WhenPresent(keys)),
        file::RequestSignatures::Required => Ok(Signatures::Required(keys)),
    }
}

fn directory(
    directory: file::Directory,
    domains: &[FederatedDomain],
    source: Source<'_>,
    folder: &Path,
) -> Result<Directory, ConfigError> {
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
        ca: directory.ca.as_ref().map(|path| folder.join(path)),
        bind_dn: directory.bind_dn.as_ref().clone(),
        bind_password: match directory.bind_password.as_ref() {
            file::Secret::File(path) => SecretSource::File(folder.join(path)),
            file::Secret::Env(name) => SecretSource::Env(name.clone()),
        },
        base,
        filter,
        limits: limits(&directory, source)?,
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
            cache_lifetime: Duration::from_secs(directory.mapping_cache_seconds.into()),
            cache_capacity: Mapping::CACHE_CAPACITY,
        },
    })
}

fn limits(
    directory: &file::Directory,
    source: Source<'_>,
) -> Result<directory::Limits, ConfigError> {
    let defaults = directory::Limits::default();
    let deadline = Duration::from_secs(number(&directory.deadline_seconds, 1..=60, source)?.into());
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
