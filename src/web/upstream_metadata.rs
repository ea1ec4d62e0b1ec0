//! Our metadata as a service provider, for upstreams that speak SAML 2.0.
//!
//! `/upstream/saml2/metadata`, and behind it, after a slash, the name of an upstream that knows us by an
//! entity ID of its own.

use bytes::Bytes;

use crate::{
    http::Response,
    keys::KeyRing,
    saml2::{MetadataError, service_provider_metadata},
    upstream::{SAML2_METADATA, Upstream, UpstreamProtocol},
};

use super::{IdentityProvider, metadata::answer, refusal::Refused};

/// A document for one upstream, written and signed once.
pub(super) struct UpstreamMetadata {
    upstream: String,
    entity_id: String,
    document: Bytes,
}

impl UpstreamMetadata {
    /// The documents for those that speak SAML 2.0.
    pub(super) fn write(
        upstreams: &[Upstream],
        keys: &KeyRing,
    ) -> Result<Vec<Self>, MetadataError> {
        let mut documents = Vec::new();
        for upstream in upstreams {
            if let UpstreamProtocol::Saml2(saml2) = &upstream.protocol {
                let ours = &saml2.settings().service_provider;
                documents.push(Self {
                    upstream: upstream.terms.name.clone(),
                    entity_id: ours.entity_id.clone(),
                    document: service_provider_metadata(ours, keys)?.into(),
                });
            }
        }
        Ok(documents)
    }
}

impl IdentityProvider {
    /// Whatever stands at a path that begins as this one's.
    pub(super) fn upstream_metadata(&self, path: &str) -> Result<Response, Refused> {
        let rest = path.strip_prefix(SAML2_METADATA).ok_or(Refused::NotFound)?;
        let own = format!("{}{SAML2_METADATA}", self.edge.base_url);
        let signing = self.signing();
        let mut documents = signing.upstream_metadata.iter();
        let found = match rest.strip_prefix('/') {
            Some(name) => documents.find(|one| one.upstream == name),
            None if rest.is_empty() => documents.find(|one| one.entity_id == own),
            None => None,
        };
        found
            .map(|one| answer(&one.document))
            .ok_or(Refused::NotFound)
    }
}
