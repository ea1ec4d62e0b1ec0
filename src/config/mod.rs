//! TOML into typed, validated settings.
//!
//! Unknown keys are refused with their line and the nearest key that exists. Reading a file is in
//! two steps, so that `homerealm check` can say of each part whether it is right: [`Config::read`]
//! understands the text, and the methods of [`Config`] load what it points at (keys, certificates,
//! secrets). Relative paths are relative to the file's own folder.

mod build;
#[cfg(test)]
mod claim_tests;
mod error;
mod file;
mod folder;
#[cfg(test)]
mod metadata_tests;
#[cfg(test)]
mod openid_tests;
#[cfg(test)]
mod route_tests;
#[cfg(test)]
mod saml2_tests;
mod secret;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod tests;

pub use build::Entra;
pub(crate) use error::Source;
pub use error::{ConfigError, Invalid};
pub use secret::SecretSource;

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use tracing::level_filters::LevelFilter;

use crate::{
    directory as ldap,
    http::tls,
    keys::{Certificate, KeyRing, Signer},
    metadata::{self, DescribedParty, Keeper, LastGood, Peer},
    observe::LogFormat,
    realm::{FederatedDomain, Mapping, Routes},
    signin::GuardRules,
    sync::Terms as SyncTerms,
    trust::{
        Application, NameIdRule, PairwiseSalt, Preset, Protocol, RelyingParty, RequestSignatures,
    },
    upstream::{Terms, Upstream, UpstreamProtocol, saml2::Partner},
    web::Edge,
};

/// A configuration that was understood.
#[derive(Debug)]
pub struct Config {
    /// How the identity provider is seen from outside.
    pub edge: Edge,
    /// Where it listens.
    pub listen: Listen,
    /// Where `/healthz` and `/readyz` are served, if at all.
    pub operations: Option<SocketAddr>,
    /// How it logs.
    pub log: Log,
    /// What it signs with.
    pub signing: Signing,
    /// From the password to the end of a session.
    pub session_lifetime: Duration,
    /// How many failed sign-ins are borne.
    pub guard: GuardRules,
    /// The organisation's own networks, if tokens say whether a request comes from one of them.
    pub corporate_networks: Vec<IpNet>,
    /// The federated domains.
    pub domains: Vec<FederatedDomain>,
    /// The secret from which pairwise names are made.
    pub pairwise_salt: Option<SecretSource>,
    /// The tenant whose domains are federated with us, and how they are.
    pub entra: Entra,
    /// The relying parties, those of the folder behind those of the file.
    pub relying_parties: Vec<RelyingPartyFile>,
    /// The folder with a file for each of some relying parties.
    pub relying_party_folder: Option<PathBuf>,
    /// Where metadata that was good is kept.
    pub state_folder: Option<PathBuf>,
    /// The applications beside them that the page of all applications lists.
    pub applications: Vec<Application>,
    /// Where names belong.
    pub routes: Routes,
    /// The upstream identity providers.
    pub upstreams: Vec<UpstreamFile>,
    /// What a directory sync is to do with the accounts.
    pub sync: SyncTerms,
    /// The directories, at least one, in order.
    pub directories: Vec<Directory>,
}

/// Where the identity provider listens.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
    /// The TLS certificate chain and key; `None` behind a proxy that ends TLS.
    pub tls: Option<TlsFiles>,
}

/// A server certificate with its key, PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate first, then the intermediate ones.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// How the process logs.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    /// The form of a line.
    pub format: LogFormat,
    /// From which level on.
    pub level: LevelFilter,
}

/// The files of the signing keys, PEM.
#[derive(Clone, Debug)]
pub struct Signing {
    /// The private key that signs now.
    pub key: PathBuf,
    /// Its certificate.
    pub certificate: PathBuf,
    /// The private key that takes over at the next rollover; need not be there.
    pub next_key: PathBuf,
    /// Its certificate; need not be there.
    pub next_certificate: PathBuf,
    /// How long before the certificate's end a running server begins to warn, in days.
    pub warn_days: u32,
}

/// A relying party whose certificates and secret are still files.
#[derive(Debug)]
pub struct RelyingPartyFile {
    party: RelyingParty,
    /// Where it knows people by pairwise names.
    salt: Option<SecretSource>,
    signatures: build::Signatures,
    encryption: build::EncryptionFile,
    /// Where its metadata is, and what that may say.
    metadata: Option<(build::MetadataFiles, metadata::Terms)>,
}

/// An upstream identity provider, its certificates and secrets still files.
#[derive(Debug)]
pub struct UpstreamFile {
    /// What holds whatever it speaks.
    pub terms: Terms,
    protocol: build::UpstreamProtocolFiles,
}

/// A directory, its secrets and certificates still files.
#[derive(Debug)]
pub struct Directory {
    /// Its name; no other has the same.
    pub name: String,
    connection: build::Connection,
    /// How names are mapped to accounts.
    pub mapping: Mapping,
}

impl Config {
    /// Reads and understands a file, and those of the folder of relying parties, if it names one.
    /// Nothing else that they point at is opened.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = read_text(path)?;
        let name = path.display().to_string();
        let source = error::Source {
            file: &name,
            text: &text,
        };
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let file: file::File = toml::from_str(&text).map_err(|error| source.toml(&error))?;
        let fragments = match &file.relying_party_folder {
            Some(named) => folder::read(&folder.join(named))?,
            None => Vec::new(),
        };
        build::build(file, source, folder, &fragments)
    }

    /// Understands a text by itself. `name` stands in errors; relative paths are relative to
    /// `folder`.
    pub fn parse(text: &str, name: &str, folder: &Path) -> Result<Self, ConfigError> {
        let source = error::Source { file: name, text };
        let file = toml::from_str(text).map_err(|error| source.toml(&error))?;
        build::build(file, source, folder, &[])
    }

    /// What keeps the relying parties fresh that are described by their metadata. What is good is
    /// kept in the state folder, unless somebody only looks.
    pub fn keepers(&self, only_looks: bool) -> Result<Vec<Keeper>, ConfigError> {
        let roots = build::SystemRoots::default();
        let mut keepers = Vec::new();
        for party in &self.relying_parties {
            if let Some((metadata, terms)) = &party.metadata {
                let peer = DescribedParty::new(party.load()?, terms.clone());
                let keeper = Keeper::new(peer, metadata.load(&roots)?);
                keepers.push(self.remembering(keeper, only_looks));
            }
        }
        Ok(keepers)
    }

    /// The same for those of `upstreams` that are described by their metadata: what is good counts for
    /// them at once.
    pub fn upstream_keepers<'a>(
        &self,
        upstreams: impl IntoIterator<Item = &'a Upstream>,
        only_looks: bool,
    ) -> Result<Vec<Keeper<Partner>>, ConfigError> {
        let roots = build::SystemRoots::default();
        let mut keepers = Vec::new();
        for upstream in upstreams {
            let UpstreamProtocol::Saml2(saml2) = &upstream.protocol else {
                continue;
            };
            let files = self
                .upstreams
                .iter()
                .find(|file| file.terms.name == upstream.terms.name);
            if let Some(metadata) = files.and_then(UpstreamFile::metadata) {
                let keeper = Keeper::new(saml2.partner().clone(), metadata.load(&roots)?);
                keepers.push(self.remembering(keeper, only_looks));
            }
        }
        Ok(keepers)
    }

    /// The keeper with a file for a start without the network, if it needs one.
    fn remembering<P: Peer>(&self, keeper: Keeper<P>, only_looks: bool) -> Keeper<P> {
        let origin = &keeper.source().origin;
        let Some(folder) = self.state_folder.as_deref().filter(|_| origin.is_remote()) else {
            return keeper;
        };
        let file = LastGood::of(folder, keeper.entity_id(), origin);
        keeper.with_last_good(if only_looks { file.read_only() } else { file })
    }
}

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
    fn metadata(&self) -> Option<&build::MetadataFiles> {
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

fn read_text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, ConfigError> {
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

fn read_certificate(path: &Path) -> Result<Certificate, ConfigError> {
    Certificate::from_pem(&read_bytes(path)?).map_err(|source| ConfigError::Key {
        path: path.to_owned(),
        source,
    })
}
