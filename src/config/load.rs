//! What a configuration points at, loaded: keys, certificates, secrets.

use std::{io, path::Path, sync::Arc};

use super::{
    ConfigError, Directory, Listen, RelyingPartyFile, Signing, UpstreamFile, build, secret,
};
use crate::{
    directory as ldap,
    http::tls,
    keys::{Certificate, KeyRing, Signer},
    trust::{NameIdRule, PairwiseSalt, Preset, Protocol, RelyingParty, RequestSignatures},
    upstream::{Upstream, UpstreamProtocol},
};

impl Listen {
    /// The settings of the TLS listener; `None` behind a proxy.
    pub fn tls_config(&self) -> Result<Option<Arc<rustls::ServerConfig>>, ConfigError> {
        let Some(files) = &self.tls else {
            return Ok(None);
        };
        let chain = read_bytes(&files.certificate)?;
        let key = secret::read_private(&files.key)?;
        tls::server_config(&chain, &key)
            .map(Some)
            .map_err(|error| ConfigError::Tls {
                what: format!(
                    "{} and {}",
                    files.certificate.display(),
                    files.key.display()
                ),
                cause: error.to_string(),
            })
    }
}

impl Signing {
    /// Loads the key that signs and the certificates to publish. The key decides which of the
    /// certificates is the current one: see [`KeyRing::from_pem`].
    pub fn key_ring(&self) -> Result<KeyRing, ConfigError> {
        let key = secret::read_private(&self.key)?;
        let certificate = read_bytes(&self.certificate)?;
        let next = self.next()?;
        KeyRing::from_pem(&key, &certificate, next).map_err(|source| ConfigError::Key {
            path: self.key.clone(),
            source,
        })
    }

    /// The certificate that takes over next, if there is one.
    pub fn next(&self) -> Result<Option<Certificate>, ConfigError> {
        if_there(read_certificate(&self.next_certificate))
    }

    /// The key that takes over next with its certificate, if there is one.
    pub fn next_signer(&self) -> Result<Option<Signer>, ConfigError> {
        let Some(key) = if_there(secret::read_private(&self.next_key))? else {
            return Ok(None);
        };
        let certificate = read_bytes(&self.next_certificate)?;
        Signer::from_pem(&key, &certificate)
            .map(Some)
            .map_err(|source| ConfigError::Key {
                path: self.next_key.clone(),
                source,
            })
    }
}

impl RelyingPartyFile {
    /// The relying party, its certificates and the salt of its names loaded; without what its
    /// metadata says.
    pub fn load(&self) -> Result<RelyingParty, ConfigError> {
        let mut party = self.party.clone();
        party.request_signatures = self.signatures.load()?;
        party.encryption = self.encryption.load(party.entity_id())?;
        if let Some(secret) = &self.salt {
            let salt = PairwiseSalt::new(&secret.read()?);
            let salt = salt.map_err(|source| ConfigError::Salt {
                what: secret.to_string(),
                source,
            })?;
            // Whether it fits was seen when the file was read.
            let _ = party.set_name_id(NameIdRule::Pairwise(salt));
        }
        Ok(party)
    }

    /// The name it gives itself.
    pub fn entity_id(&self) -> &str {
        self.party.entity_id()
    }

    /// What kind of relying party it is.
    pub fn preset(&self) -> Preset {
        self.party.preset()
    }

    /// Whether it may ask by this protocol.
    pub fn speaks(&self, protocol: Protocol) -> bool {
        self.party.speaks(protocol)
    }

    /// Whether its requests count only where they are signed.
    pub fn requires_signed_requests(&self) -> bool {
        matches!(self.signatures, build::Signatures::Required(_))
    }

    /// Where its answers may go.
    pub fn consumer_urls(&self) -> impl Iterator<Item = &str> {
        self.party
            .consumers()
            .iter()
            .map(|consumer| consumer.url.as_str())
    }
}

impl UpstreamFile {
    pub(super) fn metadata(&self) -> Option<&build::MetadataFiles> {
        match &self.protocol {
            build::UpstreamProtocolFiles::Saml2(files) => files.metadata.as_ref(),
            build::UpstreamProtocolFiles::OpenId(_) => None,
        }
    }

    /// The upstream, its certificates and secrets loaded.
    pub fn load(&self) -> Result<Upstream, ConfigError> {
        Ok(Upstream {
            terms: self.terms.clone(),
            protocol: match &self.protocol {
                build::UpstreamProtocolFiles::Saml2(files) => {
                    UpstreamProtocol::Saml2(files.load()?)
                }
                build::UpstreamProtocolFiles::OpenId(files) => {
                    UpstreamProtocol::OpenId(files.load()?)
                }
            },
        })
    }
}

impl build::Signatures {
    fn load(&self) -> Result<RequestSignatures, ConfigError> {
        Ok(match self {
            Self::NotVerified => RequestSignatures::NotVerified,
            Self::WhenPresent(keys) => RequestSignatures::WhenPresent(keys.load()?),
            Self::Required(keys) => RequestSignatures::Required(keys.load()?),
        })
    }
}

impl Directory {
    /// The connection's settings, its secret read and its private CA loaded.
    pub fn settings(&self) -> Result<ldap::Settings, ConfigError> {
        self.connection.load()
    }

    /// The servers: those written, or how they are found.
    pub fn servers(&self) -> &ldap::Servers {
        &self.connection.servers
    }
}

pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Nothing for a file that is not there.
fn if_there<T>(read: Result<T, ConfigError>) -> Result<Option<T>, ConfigError> {
    match read {
        Err(ConfigError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(None)
        }
        other => other.map(Some),
    }
}

pub(super) fn read_certificate(path: &Path) -> Result<Certificate, ConfigError> {
    Certificate::from_pem(&read_bytes(path)?).map_err(|source| ConfigError::Key {
        path: path.to_owned(),
        source,
    })
}
