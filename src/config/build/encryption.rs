//! Whether assertions of a relying party are encrypted, to which certificate, and how.

use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::{
    metadata::EncryptionTerms,
    trust::Preset,
    xml::{ContentEncryption, Encryption, KeyTransport},
};

use super::super::{ConfigError, error::Source, file, read_certificate};

/// What is said about encryption, the certificate still a file.
#[derive(Debug)]
pub(in crate::config) struct EncryptionFile {
    pub(super) terms: EncryptionTerms,
    pub(super) content: Option<ContentEncryption>,
    certificate: Option<PathBuf>,
}

impl EncryptionFile {
    /// Whether nothing may leave in the clear: not by other protocols either, whose tokens are
    /// never encrypted.
    pub(super) fn is_demanded(&self) -> bool {
        self.terms == EncryptionTerms::Required || self.certificate.is_some()
    }

    /// Encryption to the configured certificate, if there is one.
    pub(in crate::config) fn load(
        &self,
        entity_id: &str,
    ) -> Result<Option<Encryption>, ConfigError> {
        let Some(path) = &self.certificate else {
            return Ok(None);
        };
        let certificate = read_certificate(path)?;
        let (content, transport) = (self.content.unwrap_or_default(), KeyTransport::default());
        Encryption::new(entity_id, &certificate, content, transport)
            .map(Some)
            .map_err(|source| ConfigError::Key {
                path: path.clone(),
                source,
            })
    }
}

pub(super) fn build(
    party: &file::RelyingParty,
    preset: Preset,
    source: Source<'_>,
    folder: &Path,
) -> Result<EncryptionFile, ConfigError> {
    use file::EncryptAssertions::{Never, Required, WhenOffered};

    let certificate = party.encryption_certificate.as_ref();
    let algorithm = party.encryption_algorithm.as_ref();
    let said = party.encrypt_assertions.as_ref();
    let terms = said.map(|said| *said.as_ref());
    let span = certificate
        .map(Spanned::span)
        .or(algorithm.map(Spanned::span))
        .or(said.map(Spanned::span))
        .unwrap_or_default();
    let wrong = |message: &str| Err(source.invalid(span.clone(), message));

    let is_said = certificate.is_some() || algorithm.is_some() || terms.is_some();
    let is_entra = matches!(preset, Preset::Entra | Preset::EntraExternal);
    let wanted = certificate.is_some() || algorithm.is_some();
    if is_entra && (wanted || !matches!(terms, None | Some(Never))) {
        return wrong("Entra refuses encrypted assertions (AADSTS500082)");
    }
    let terms = match terms {
        Some(Never) if wanted => {
            return wrong("encrypt_assertions = \"never\" says that nothing is encrypted");
        }
        None | Some(WhenOffered) if is_entra => EncryptionTerms::Never,
        Some(Never) => EncryptionTerms::Never,
        _ if certificate.is_none() && party.metadata.is_none() && is_said => {
            return wrong("encryption needs encryption_certificate, or metadata that has one");
        }
        Some(Required) => EncryptionTerms::Required,
        None | Some(WhenOffered) => EncryptionTerms::WhenOffered,
    };
    Ok(EncryptionFile {
        terms,
        content: algorithm.map(|name| match name.as_ref() {
            file::EncryptionAlgorithm::Aes256Gcm => ContentEncryption::Aes256Gcm,
            file::EncryptionAlgorithm::Aes128Gcm => ContentEncryption::Aes128Gcm,
        }),
        certificate: certificate.map(|path| folder.join(path.as_ref())),
    })
}
