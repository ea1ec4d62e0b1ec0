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
mod load;
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
mod store_tests;
#[cfg(test)]
mod tests;

pub use build::{Entra, Store};
pub(crate) use error::Source;
pub use error::{ConfigError, Invalid};
pub(crate) use file::OneOrSeveral;
use load::{read_bytes, read_certificate};
pub use secret::SecretSource;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use tracing::level_filters::LevelFilter;

use crate::{
    metadata::{self, DescribedParty, Keeper, LastGood, Peer},
    observe::{LogFormat, audit},
    overload,
    realm::{FederatedDomain, Mapping, Routes},
    signin::GuardRules,
    sync::Terms as SyncTerms,
    trust::{Application, RelyingParty},
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
    /// Where audit lines go.
    pub audit: audit::Settings,
    /// What it signs with.
    pub signing: Signing,
    /// From the password to the end of a session.
    pub session_lifetime: Duration,
    /// How many failed sign-ins are borne.
    pub guard: GuardRules,
    /// How much is taken on at once.
    pub limits: Limits,
    /// The organisation's own networks, if tokens say whether a request comes from one of them.
    pub corporate_networks: Vec<IpNet>,
    /// The store that this node has in common with others, where there are any.
    pub store: Option<Store>,
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

/// How much is taken on at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections.
    pub connections: u32,
    /// Requests, and how long they may wait.
    pub requests: overload::Limits,
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

fn read_text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}
