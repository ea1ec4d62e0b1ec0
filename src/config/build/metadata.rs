//! Where somebody's metadata is, and who vouches for it.

use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hyper::Uri;
use rustls::ClientConfig;
use toml::Spanned;

use crate::{
    http::tls,
    metadata::{Origin, Source},
    saml2::MetadataTrust,
};

use super::{
    super::{ConfigError, error, file, read_bytes, read_certificate},
    https_url, seconds,
};

/// Where metadata comes from, the certificates still files.
#[derive(Debug)]
pub(in crate::config) struct MetadataFiles {
    place: Place,
    /// Never empty; `None` where the place itself is trusted.
    signers: Option<Vec<PathBuf>>,
    permit_sha1: bool,
    refresh: Duration,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    Url { url: Uri, ca: Option<PathBuf> },
}

/// What the system trusts, read when it is needed, and once.
#[derive(Debug, Default)]
pub(in crate::config) struct SystemRoots(OnceCell<Arc<ClientConfig>>);

const HOUR: Duration = Duration::from_secs(60 * 60);

impl MetadataFiles {
    pub(in crate::config) fn load(&self, roots: &SystemRoots) -> Result<Source, ConfigError> {
        let origin = match &self.place {
            Place::File(path) => Origin::File(path.clone()),
            Place::Url { url, ca } => Origin::Url {
                url: url.clone(),
                tls: roots.or(ca.as_deref())?,
            },
        };
        let trust = match &self.signers {
            None => MetadataTrust::Source,
            Some(paths) => MetadataTrust::Signer {
                keys: paths
                    .iter()
                    .map(|path| Ok(read_certificate(path)?.public_key().clone()))
                    .collect::<Result<_, ConfigError>>()?,
                permit_sha1: self.permit_sha1,
            },
        };
        Ok(Source {
            origin,
            trust,
            refresh: self.refresh,
        })
    }
}

impl SystemRoots {
    /// The settings of a client that trusts this CA alone, or what the system trusts.
    pub(super) fn or(&self, ca: Option<&Path>) -> Result<Arc<ClientConfig>, ConfigError> {
        let unusable = |what: String, error: tls::TlsError| ConfigError::Tls {
            what,
            cause: error.to_string(),
        };
        if let Some(path) = ca {
            return tls::client_config(&[&read_bytes(path)?])
                .map_err(|error| unusable(path.display().to_string(), error));
        }
        if let Some(read) = self.0.get() {
            return Ok(read.clone());
        }
        let read = tls::client_config_with(tls::ClientOptions::default())
            .map_err(|error| unusable("the system's CAs".to_owned(), error))?;
        Ok(self.0.get_or_init(|| read).clone())
    }
}

pub(super) fn build(
    metadata: &Spanned<file::Metadata>,
    source: error::Source<'_>,
    folder: &Path,
) -> Result<MetadataFiles, ConfigError> {
    let span = metadata.span();
    let metadata = metadata.as_ref();
    let wrong = |message: &str| Err(source.invalid(span.clone(), message));
    let place = match (&metadata.file, &metadata.url) {
        (Some(path), None) => Place::File(folder.join(path)),
        (None, Some(url)) => Place::Url {
            url: https_url(url.as_ref(), url.span(), source)?,
            ca: metadata.ca.as_ref().map(|path| folder.join(path)),
        },
        _ => return wrong("metadata is either { file = \"PATH\" } or { url = \"https://...\" }"),
    };
    let signers = match &metadata.certificate {
        Some(list) if list.0.is_empty() => return wrong("certificate is an empty list"),
        Some(list) => Some(list.0.iter().map(|path| folder.join(path)).collect()),
        None => None,
    };
    match (&place, signers.is_some()) {
        (Place::File(_), _) if metadata.ca.is_some() || metadata.unsigned_on_purpose => {
            return wrong(
                "ca and unsigned_on_purpose go with url: a file is trusted as it is, or by its \
                 certificate",
            );
        }
        (Place::Url { .. }, false) if !metadata.unsigned_on_purpose => {
            return wrong(
                "metadata from an address needs certificate, that of whoever signs it; where \
                 nobody does, and TLS is to be enough, say unsigned_on_purpose = true",
            );
        }
        (Place::Url { .. }, true) if metadata.unsigned_on_purpose => {
            return wrong("certificate and unsigned_on_purpose contradict each other");
        }
        (_, false) if metadata.permit_sha1 => {
            return wrong("permit_sha1 needs certificate: without it no signature is looked at");
        }
        _ => {}
    }
    let refresh = metadata.refresh_seconds.as_ref();
    let refresh = refresh.map(|refresh| seconds(refresh, 5..=86_400, source));
    Ok(MetadataFiles {
        place,
        signers,
        permit_sha1: metadata.permit_sha1,
        refresh: refresh.transpose()?.unwrap_or(HOUR),
    })
}
