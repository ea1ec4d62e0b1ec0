use crate::{
    observe::audit::Described,
    saml2::{EntityMetadata, RelyingPartyMetadata},
    trust::{RelyingParty, Trusts},
};

use super::{Disagreement, Terms};

/// Somebody who is described by metadata, and what becomes of what it says.
pub trait Peer: Send + Sync + 'static {
    /// What is read of its metadata.
    type Metadata: EntityMetadata + Clone + PartialEq + Send + Sync + 'static;
    /// Where that counts.
    type Place: Send + Sync + ?Sized + 'static;

    /// Its entity ID.
    fn entity_id(&self) -> &str;

    /// What it is to us, for the audit line.
    fn described(&self) -> Described<'_>;

    /// Lets `metadata` count from now on.
    ///
    /// # Errors
    /// [`Disagreement`]; then all is as it was.
    fn admit(&self, metadata: &Self::Metadata, place: &Self::Place) -> Result<(), Disagreement>;

    /// Lets nothing count any more: its metadata has expired.
    fn withdraw(&self, place: &Self::Place);
}

/// A relying party, as the configuration alone has it, and what its metadata may add.
#[derive(Debug)]
pub struct DescribedParty {
    configured: RelyingParty,
    terms: Terms,
}

impl DescribedParty {
    /// `configured` under these terms.
    pub fn new(configured: RelyingParty, terms: Terms) -> Self {
        Self { configured, terms }
    }
}

impl Peer for DescribedParty {
    type Metadata = RelyingPartyMetadata;
    type Place = Trusts;

    fn entity_id(&self) -> &str {
        self.configured.entity_id()
    }

    fn described(&self) -> Described<'_> {
        Described::RelyingParty(self.entity_id())
    }

    fn admit(&self, metadata: &RelyingPartyMetadata, trusts: &Trusts) -> Result<(), Disagreement> {
        let party = self.terms.apply(&self.configured, metadata)?;
        // `false` for a relying party that the trusts never had.
        let _ = trusts.replace(party);
        Ok(())
    }

    fn withdraw(&self, trusts: &Trusts) {
        let _ = trusts.replace(self.configured.clone());
    }
}
