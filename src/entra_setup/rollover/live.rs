use std::{sync::Arc, time::Duration};

use hyper::{StatusCode, Uri};
use rustls::ClientConfig;
use time::OffsetDateTime;

use crate::{
    http::client::{Client, ClientError},
    keys::Certificate,
    saml2::{EntityMetadata, EntityMetadataError, IdentityProviderMetadata, MetadataTrust},
};

/// Why it cannot be told what the running server signs with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// Its address is none.
    #[error("{0:?} is no address")]
    Address(String),
    /// It does not answer.
    #[error("the running server cannot be asked for its metadata: {0}")]
    Exchange(#[from] ClientError),
    /// It answers with something else.
    #[error("{url} answers with {status}")]
    Status {
        /// What was asked.
        url: Uri,
        /// The status of HTTP.
        status: StatusCode,
    },
    /// Its metadata is signed by another key than it should be.
    #[error(
        "the running server does not sign with the certificate {expected} ({cause}): see its log, and \
         whether it reads the same key files"
    )]
    AnotherKey {
        /// The SHA-256 thumbprint of the certificate.
        expected: String,
        /// What the signature was refused for.
        cause: EntityMetadataError,
    },
}

/// A running server as everybody sees it.
pub(super) struct Live<'a> {
    pub(super) base_url: &'a str,
    pub(super) tls: Arc<ClientConfig>,
}

impl Live<'_> {
    /// Whether it signs with the key of this certificate: its metadata for the domain is, then.
    pub(super) async fn signs_with(
        &self,
        certificate: &Certificate,
        (domain, issuer): (&str, &str),
    ) -> Result<(), LiveError> {
        let address = format!("{}/metadata/{domain}", self.base_url);
        let url: Uri = address
            .parse()
            .map_err(|_| LiveError::Address(address.clone()))?;
        let mut client = Client::new(self.tls.clone()).with_timeout(Duration::from_secs(10));
        let reply = client.get(&url, None).await?;
        if reply.status != StatusCode::OK {
            let status = reply.status;
            return Err(LiveError::Status { url, status });
        }
        let trust = MetadataTrust::Signer {
            keys: vec![certificate.public_key().clone()],
            permit_sha1: false,
        };
        let now = OffsetDateTime::now_utc();
        IdentityProviderMetadata::read(&reply.body, issuer, &trust, now)
            .map(drop)
            .map_err(|cause| LiveError::AnotherKey {
                expected: certificate.sha256_thumbprint(),
                cause,
            })
    }
}
