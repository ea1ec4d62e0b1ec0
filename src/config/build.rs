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
    observe::LogFormat,
    realm::{DomainName, FederatedDomain},
    trust::{AssertionConsumerService, AttributeClaim, ClaimSource, RelyingParty, RequestKeys},
    web::Edge,
};

use super::{
    Config, ConfigError, Listen, Log, RelyingPartyFile, Signing, TlsFiles, directory,
    error::Source, file, file::File, read_certificate,
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
        directories: directory::directories(file.directory, &domains, source, folder)?,
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

pub(super) fn number(
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
    let suffix = self::domain(&domain.suffix, source)?;
    let issuer = domain.issuer.as_ref();
    if issuer.trim() != issuer || issuer.is_empty() || issuer.parse::<Uri>().is_err() {
        return Err(source.invalid(domain.issuer.span(), format!("{issuer:?} is not a URI")));
    }
    Ok(FederatedDomain {
        suffix,
        issuer: issuer.to_owned(),
    })
}

pub(super) fn domain(
    text: &Spanned<String>,
    source: Source<'_>,
) -> Result<DomainName, ConfigError> {
    DomainName::parse(text.as_ref())
        .map_err(|error| source.invalid(text.span(), format!("{:?}: {error}", text.as_ref())))
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
