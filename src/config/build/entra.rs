//! `[entra]`: how our domains are federated, and how their tenant is asked.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use hyper::Uri;
use rustls::ClientConfig;
use toml::Spanned;

use crate::{
    entra_setup::{MfaBehavior, Protocol, Terms},
    keys::Signer,
    microsoft_graph::{Cloud, Credential, Endpoints, Graph},
};

use super::{
    super::{ConfigError, SecretSource, error::Source, file, read_bytes, secret::read_private},
    SystemRoots, https_url,
};

/// The tenant, its credential still a file.
#[derive(Debug)]
pub struct Entra {
    /// How our domains are federated there.
    pub terms: Terms,
    endpoints: Endpoints,
    credential: Option<CredentialFile>,
    ca: Option<PathBuf>,
}

#[derive(Debug)]
enum CredentialFile {
    Token(SecretSource),
    Certificate {
        tenant: String,
        client_id: String,
        certificate: PathBuf,
        key: PathBuf,
    },
}

impl Entra {
    /// A client of Graph, its credential read; `None` where the configuration names none.
    ///
    /// # Errors
    /// When the credential or the CA cannot be read.
    pub fn graph(&self) -> Result<Option<Graph>, ConfigError> {
        let credential = match &self.credential {
            None => return Ok(None),
            Some(CredentialFile::Token(source)) => Credential::Token(source.read()?),
            Some(CredentialFile::Certificate {
                tenant,
                client_id,
                certificate,
                key,
            }) => {
                let signer = Signer::from_pem(&read_private(key)?, &read_bytes(certificate)?);
                Credential::Certificate {
                    tenant: tenant.clone(),
                    client_id: client_id.clone(),
                    signer: Arc::new(signer.map_err(|source| ConfigError::Key {
                        path: key.clone(),
                        source,
                    })?),
                }
            }
        };
        let tls = self.tls()?;
        Ok(Some(Graph::new(self.endpoints.clone(), credential, tls)))
    }

    /// What is trusted by a client of Graph, and by one of our own `base_url`.
    ///
    /// # Errors
    /// When the CA cannot be read.
    pub fn tls(&self) -> Result<Arc<ClientConfig>, ConfigError> {
        SystemRoots::default().or(self.ca.as_deref())
    }
}

pub(super) fn build(
    table: Option<&file::Entra>,
    source: Source<'_>,
    folder: &Path,
) -> Result<Entra, ConfigError> {
    let defaults = file::Entra::default();
    let entra = table.unwrap_or(&defaults);
    let cloud = match entra.cloud {
        file::Cloud::Global => Cloud::Global,
        file::Cloud::UsGovernment => Cloud::UsGovernment,
        file::Cloud::UsGovernmentDod => Cloud::UsGovernmentDod,
        file::Cloud::China => Cloud::China,
    };
    let mut endpoints = Endpoints::of(cloud);
    for (named, endpoint) in [
        (&entra.graph_url, &mut endpoints.graph),
        (&entra.login_url, &mut endpoints.login),
    ] {
        if let Some(named) = named {
            *endpoint = origin(named, source)?;
        }
    }
    let credential = entra.credential.as_ref().map(|named| match named.as_ref() {
        file::GraphCredential::TokenFile(path) => {
            CredentialFile::Token(SecretSource::File(folder.join(path)))
        }
        file::GraphCredential::TokenEnv(name) => {
            CredentialFile::Token(SecretSource::Env(name.clone()))
        }
        file::GraphCredential::Application {
            tenant,
            client_id,
            certificate,
            key,
        } => CredentialFile::Certificate {
            tenant: tenant.clone(),
            client_id: client_id.clone(),
            certificate: folder.join(certificate),
            key: folder.join(key),
        },
    });
    Ok(Entra {
        terms: Terms {
            cloud,
            protocol: match entra.protocol {
                file::FederationProtocol::Saml2 => Protocol::Saml2,
                file::FederationProtocol::WsFederation => Protocol::WsFederation,
            },
            display_name: entra.brand.clone(),
            mfa: match entra.federated_idp_mfa_behavior {
                file::MfaBehavior::Reject => MfaBehavior::Reject,
                file::MfaBehavior::Accept => MfaBehavior::Accept,
                file::MfaBehavior::Enforce => MfaBehavior::Enforce,
            },
        },
        endpoints,
        credential,
        ca: entra.ca.as_ref().map(|path| folder.join(path)),
    })
}

fn origin(url: &Spanned<String>, source: Source<'_>) -> Result<Uri, ConfigError> {
    let parsed = https_url(url.as_ref(), url.span(), source)?;
    if parsed.path() == "/" && parsed.query().is_none() {
        return Ok(parsed);
    }
    Err(source.invalid(url.span(), "this is https://HOST[:PORT], without a path"))
}
