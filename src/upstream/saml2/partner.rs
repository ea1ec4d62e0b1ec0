use std::sync::{Arc, PoisonError, RwLock};

use crate::{
    keys::VerifyingKey,
    metadata::{self, Disagreement, is_answerable},
    observe::audit,
    saml2::IdentityProviderMetadata,
};

/// An identity provider and what is known of it by now; cheap to clone, and each clone sees what
/// another learns.
#[derive(Clone, Debug)]
pub struct Partner {
    entity_id: Arc<str>,
    described: Arc<RwLock<Option<Arc<Described>>>>,
}

/// Where an identity provider is asked, and what it signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its single sign-on address for HTTP-Redirect.
    pub single_sign_on: String,
    /// Its keys, each of which may have signed.
    pub keys: Vec<VerifyingKey>,
}

impl Partner {
    /// One of which nothing is known until its metadata is there.
    pub fn awaiting_metadata(entity_id: &str) -> Self {
        Self {
            entity_id: entity_id.into(),
            described: Arc::default(),
        }
    }

    /// One that is known already.
    pub fn known(entity_id: &str, described: Described) -> Self {
        let partner = Self::awaiting_metadata(entity_id);
        partner.learn(Some(described));
        partner
    }

    /// Its entity ID: the `Issuer` of what it says.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// What counts from now on; `None` when nothing does any more, so that nobody is sent there and no
    /// answer is taken.
    pub fn learn(&self, described: Option<Described>) {
        let mut place = self
            .described
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *place = described.map(Arc::new);
    }

    /// What is known; `None` while there is no good metadata.
    pub fn described(&self) -> Option<Arc<Described>> {
        let place = self.described.read();
        place.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What its metadata says counts for itself.
impl metadata::Peer for Partner {
    type Metadata = IdentityProviderMetadata;
    type Place = ();

    fn entity_id(&self) -> &str {
        &self.entity_id
    }

    fn described(&self) -> audit::Described<'_> {
        audit::Described::Issuer(&self.entity_id)
    }

    fn admit(&self, metadata: &IdentityProviderMetadata, (): &()) -> Result<(), Disagreement> {
        if !is_answerable(&metadata.single_sign_on) {
            return Err(Disagreement::NoAddress);
        }
        if metadata.signing.is_empty() {
            return Err(Disagreement::NoVerifyingKey);
        }
        let keys = metadata.signing.iter();
        self.learn(Some(Described {
            single_sign_on: metadata.single_sign_on.clone(),
            keys: keys
                .map(|certificate| certificate.public_key().clone())
                .collect(),
        }));
        Ok(())
    }

    fn withdraw(&self, (): &()) {
        self.learn(None);
    }
}
