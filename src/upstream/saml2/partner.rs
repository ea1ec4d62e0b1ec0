use std::sync::{Arc, PoisonError, RwLock};

use crate::keys::VerifyingKey;

/// What is known of an identity provider by now; cheap to clone, and each clone sees what another
/// learns.
#[derive(Clone, Debug, Default)]
pub struct Partner(Arc<RwLock<Option<Arc<Described>>>>);

/// Where an identity provider is asked, and what it signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its single sign-on address for HTTP-Redirect.
    pub single_sign_on: String,
    /// Its keys, each of which may have signed.
    pub keys: Vec<VerifyingKey>,
}

impl Partner {
    /// One that is known already.
    pub fn known(described: Described) -> Self {
        let partner = Self::default();
        partner.learn(Some(described));
        partner
    }

    /// What counts from now on; `None` when nothing does any more, so that nobody is sent there and no
    /// answer is taken.
    pub fn learn(&self, described: Option<Described>) {
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *place = described.map(Arc::new);
    }

    /// What is known; `None` while there is no good metadata.
    pub fn described(&self) -> Option<Arc<Described>> {
        let place = self.0.read().unwrap_or_else(PoisonError::into_inner);
        place.clone()
    }
}
