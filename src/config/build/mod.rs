//! From the file's keys to typed settings: every value is parsed once, here.

mod application;
mod audit;
mod claims;
mod directory;
mod encryption;
mod entra;
mod guard;
mod limits;
mod metadata;
mod relying_party;
mod route;
mod store;
mod sync;
mod upstream;

pub(super) use directory::Connection;
pub(super) use encryption::EncryptionFile;
pub use entra::Entra;
pub(super) use metadata::{MetadataFiles, SystemRoots};
pub(super) use relying_party::Signatures;
pub use store::Store;
pub(super) use upstream::Protocol as UpstreamProtocolFiles;

use std::{
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use hyper::{Uri, http::uri::Authority};
use toml::Spanned;
use tracing::level_filters::LevelFilter;

use crate::{
    observe::LogFormat,
    realm::{DomainName, FederatedDomain},
    trust::Preset,
    web::Edge,
};

use super::{
    Config, ConfigError, Listen, Log, RelyingPartyFile, SecretSource, Signing, TlsFiles,
    error::Source, file, file::File, folder::Fragment,
};

/// `fragments` are the files of the folder of relying parties, if they were read.
pub(super) fn build(
    file: File,
    source: Source<'_>,
    folder: &Path,
    fragments: &[Fragment],
) -> Result<Config, ConfigError> {
    let domains = file
        .federated_domain
        .iter()
        .map(|domain| federated_domain(domain, source))
        .collect::<Result<Vec<_>, _>>()?;
    if domains.is_empty() {
        return Err(source.invalid(0..0, "there is no [[federated_domain]]"));
    }
    if file.relying_party.is_empty() && fragments.is_empty() {
        return Err(source.invalid(
            0..0,
            "there is no [[relying_party]], and no file in relying_party_folder",
        ));
    }
    let pairwise_salt = file.pairwise_salt.as_ref();
    let pairwise_salt = pairwise_salt
        .map(|salt| secret(salt, source, folder))
        .transpose()?;
    let directories = directory::build(file.directory.0, &domains, source, folder)?;
    let directory_names: Vec<&str> = directories.iter().map(|one| one.name.as_str()).collect();
    let names = claims::Names {
        source,
        domains: &domains,
        directories: &directory_names,
    };
    let corporate_networks = guard::corporate_networks(&file.requests, source)?;
    let salt = pairwise_salt.as_ref();
    let mut relying_parties = Vec::with_capacity(file.relying_party.len() + fragments.len());
    for party in &file.relying_party {
        relying_parties.push(relying_party::build(party, names, salt, folder)?);
    }
    for fragment in fragments {
        relying_parties.push(in_folder(fragment, names, salt)?);
    }
    let base_url = base_url(&file.base_url, source)?;
    let upstreams = upstream::build(&file.upstream, &base_url, source, folder)?;
    let terms: Vec<_> = upstreams.iter().map(|upstream| &upstream.terms).collect();
    let ends = route::Ends {
        source,
        domains: &domains,
        directories: &directories,
        upstreams: &terms,
    };
    for RelyingPartyFile { party, .. } in &mut relying_parties {
        let is_told = party.preset() == Preset::Entra && party.gets_tokens();
        party.told.network = is_told && !corporate_networks.is_empty();
    }
    Ok(Config {
        routes: route::build(&file.route, ends)?,
        sync: sync::build(&file.sync, &domains, source)?,
        upstreams,
        edge: Edge {
            base_url,
            proxies: guard::proxies(file.listen.as_ref(), file.listen.span(), source)?,
            support_contact: file.support_contact,
            password_reset_url: file
                .password_reset_url
                .as_ref()
                .map(|url| {
                    https_url(url.as_ref(), url.span(), source).map(|_| url.as_ref().clone())
                })
                .transpose()?,
            request_lifetime: minutes(&file.requests.lifetime_minutes, 1..=60, source)?,
            clock_skew: seconds(&file.requests.clock_skew_seconds, 0..=600, source)?,
            ws_trust: file.ws_trust.enabled,
        },
        listen: listen(&file.listen, source, folder)?,
        operations: file.operations.map(|operations| operations.address),
        log: log(&file.log),
        audit: audit::build(file.audit, source, folder)?,
        signing: Signing {
            warn_days: match &file.signing.warn_days {
                Some(days) => number(days, 1..=365, source)?,
                None => 30,
            },
            next_key: next(file.signing.next_key, &file.signing.key, folder),
            next_certificate: next(
                file.signing.next_certificate,
                &file.signing.certificate,
                folder,
            ),
            key: folder.join(file.signing.key),
            certificate: folder.join(file.signing.certificate),
        },
        store: store::build(file.store.as_ref(), source, folder)?,
        entra: entra::build(file.entra.as_ref(), source, folder)?,
        corporate_networks,
        guard: guard::build(&file.guard, source)?,
        limits: limits::build(&file.limits, source)?,
        session_lifetime: minutes(&file.session.lifetime_minutes, 1..=1440, source)?,
        relying_parties,
        applications: application::build(&file.application, names)?,
        relying_party_folder: file.relying_party_folder.map(|path| folder.join(path)),
        state_folder: file.state_folder.map(|path| folder.join(path)),
        pairwise_salt,
        directories,
        domains,
    })
}

/// Where what takes over next is: beside what it will take over from, unless said otherwise.
fn next(named: Option<PathBuf>, current: &Path, folder: &Path) -> PathBuf {
    folder.join(named.unwrap_or_else(|| {
        let stem = current.file_stem().unwrap_or_default().to_string_lossy();
        let name = match current.extension() {
            Some(extension) => format!("{stem}-next.{}", extension.to_string_lossy()),
            None => format!("{stem}-next"),
        };
        current.with_file_name(name)
    }))
}

/// The relying party of a file of its own.
fn in_folder(
    fragment: &Fragment,
    names: claims::Names<'_>,
    salt: Option<&SecretSource>,
) -> Result<RelyingPartyFile, ConfigError> {
    let source = fragment.source();
    let party = toml::from_str(&fragment.text).map_err(|error| source.toml(&error))?;
    let names = claims::Names { source, ..names };
    relying_party::build(&party, names, salt, &fragment.folder)
}

/// A secret that is a text.
fn secret(
    credential: &Spanned<file::Credential>,
    source: Source<'_>,
    folder: &Path,
) -> Result<SecretSource, ConfigError> {
    match credential.as_ref() {
        file::Credential::File(path) => Ok(SecretSource::File(folder.join(path))),
        file::Credential::Env(name) => Ok(SecretSource::Env(name.clone())),
        file::Credential::Certificate { .. } => Err(source.invalid(
            credential.span(),
            "a certificate is no secret: this is { file = \"PATH\" } or { env = \"NAME\" }",
        )),
    }
}

fn base_url(url: &Spanned<String>, source: Source<'_>) -> Result<String, ConfigError> {
    let text = url.as_ref().trim_end_matches('/');
    let parsed = https_url(text, url.span(), source)?;
    // Compared character for character with what browsers and relying parties say, so it must be
    // written as they write it: an upper-case letter or ":443" would make each comparison fail.
    let origin = format!(
        "https://{}",
        parsed.authority().map_or("", Authority::as_str)
    );
    if text != origin.to_ascii_lowercase() || text.ends_with(":443") {
        return Err(source.invalid(
            url.span(),
            "base_url must be https://HOST[:PORT] in lower case, without a path and without :443",
        ));
    }
    Ok(origin)
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

fn seconds(
    value: &Spanned<u32>,
    range: std::ops::RangeInclusive<u32>,
    source: Source<'_>,
) -> Result<Duration, ConfigError> {
    number(value, range, source).map(|seconds| Duration::from_secs(seconds.into()))
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
    let suffix = self::domain(&domain.suffix, source)?;
    let issuer = domain.issuer.as_ref();
    if !is_absolute_uri(issuer) {
        return Err(source.invalid(
            domain.issuer.span(),
            format!("{issuer:?} is not an absolute URI"),
        ));
    }
    Ok(FederatedDomain {
        suffix,
        issuer: issuer.to_owned(),
    })
}

fn domain(text: &Spanned<String>, source: Source<'_>) -> Result<DomainName, ConfigError> {
    DomainName::parse(text.as_ref())
        .map_err(|error| source.invalid(text.span(), format!("{:?}: {error}", text.as_ref())))
}

/// RFC 3986 4.3, as far as telling a URI from a slip needs: an entity ID may be a URN, which the
/// HTTP library takes for no URI.
fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        && !rest.is_empty()
        && rest.bytes().all(|b| b.is_ascii_graphic())
}
