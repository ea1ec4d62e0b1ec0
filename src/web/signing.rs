//! What is signed with, and what is published of it; exchanged as a whole while requests are under way.

use std::sync::{Arc, PoisonError, RwLock};

use crate::{keys::KeyRing, saml2::MetadataError, trust::Trusts, upstream::Upstream};

use super::{Edge, EdgeError, IdentityProvider, Metadata, UpstreamMetadata};

/// The keys, and the documents that name them. Whoever holds one signs and publishes by one ring,
/// whatever is put in its place meanwhile.
pub(super) struct Signing {
    pub(super) keys: KeyRing,
    pub(super) metadata: Metadata,
    pub(super) upstream_metadata: Vec<UpstreamMetadata>,
}

impl Signing {
    pub(super) fn new(
        edge: &Edge,
        trusts: &Trusts,
        upstreams: &[Upstream],
        keys: KeyRing,
    ) -> Result<Self, MetadataError> {
        Ok(Self {
            metadata: Metadata::write(edge, trusts, &keys)?,
            upstream_metadata: UpstreamMetadata::write(upstreams, &keys)?,
            keys,
        })
    }
}

/// The place of it.
pub(super) struct CurrentSigning(RwLock<Arc<Signing>>);

impl CurrentSigning {
    pub(super) fn new(signing: Signing) -> Self {
        Self(RwLock::new(Arc::new(signing)))
    }

    fn get(&self) -> Arc<Signing> {
        // Nobody can have left it half-changed: what is put in is whole.
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    fn set(&self, signing: Signing) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(signing);
    }
}

impl IdentityProvider {
    /// What is signed with now.
    pub(super) fn signing(&self) -> Arc<Signing> {
        self.signing.get()
    }

    /// Signs with these keys from now on, and publishes them. Sessions, and requests under way, stay.
    ///
    /// # Errors
    /// When the metadata cannot be written or signed with them; then nothing has changed.
    pub fn replace_keys(&self, keys: KeyRing) -> Result<(), EdgeError> {
        let signing = Signing::new(&self.edge, &self.trusts, &self.upstreams, keys)?;
        self.signing.set(signing);
        Ok(())
    }
}
