use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    store::{Kind, Store, StoreError},
    trust::{Protocol, Trusts},
};

use super::{SessionToken, SignInRequest};

/// A relying party that was told who holds a session, and by which protocol: when the session ends,
/// it must hear of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Its entity ID.
    #[serde(rename = "r")]
    pub relying_party: String,
    /// How it asked.
    #[serde(rename = "p")]
    pub protocol: Protocol,
}

impl Participant {
    /// Who asks by this request.
    pub(super) fn of(request: &SignInRequest) -> Self {
        Self {
            relying_party: request.relying_party.clone(),
            protocol: request.protocol,
        }
    }

    /// Whether the request is its.
    pub(super) fn asks(&self, request: &SignInRequest) -> bool {
        self.protocol == request.protocol && self.relying_party == request.relying_party
    }
}

/// The participants of each session beyond the first one, which stands in the session itself: most
/// sessions have no other, and cost nothing here.
///
/// Each has an entry of its own and not a place in a list. So two answers at once lose none, and an
/// answer that is late cannot bring a session back that has ended meanwhile.
#[derive(Clone)]
pub(super) struct Participants {
    store: Arc<dyn Store>,
    kept: Duration,
}

impl Participants {
    /// Keeps them in `store` for as long as a session lasts.
    pub(super) fn new(store: Arc<dyn Store>, kept: Duration) -> Self {
        Self { store, kept }
    }

    /// Notes one more of this session.
    pub(super) async fn add(
        &self,
        token: &SessionToken,
        participant: &Participant,
    ) -> Result<(), StoreError> {
        let key = key(token, &participant.relying_party, participant.protocol);
        self.store
            .put_if_absent(Kind::Participant, &key, Bytes::new(), self.kept)
            .await
            .map(|_| ())
    }

    /// Whether this is one of them.
    pub(super) async fn include(
        &self,
        token: &SessionToken,
        participant: &Participant,
    ) -> Result<bool, StoreError> {
        let key = key(token, &participant.relying_party, participant.protocol);
        Ok(self.store.get(Kind::Participant, &key).await?.is_some())
    }

    /// Those of this session, which are forgotten with it. There are no others than the trusts.
    pub(super) async fn take(
        &self,
        token: &SessionToken,
        trusts: &Trusts,
    ) -> Result<Vec<Participant>, StoreError> {
        let mut found = Vec::new();
        for party in trusts.relying_parties() {
            for protocol in Protocol::ALL {
                let key = key(token, party.entity_id(), protocol);
                if self.store.take(Kind::Participant, &key).await?.is_some() {
                    found.push(Participant {
                        relying_party: party.entity_id().to_owned(),
                        protocol,
                    });
                }
            }
        }
        Ok(found)
    }
}

/// A digest, so that whoever reads the store learns no token, and each costs the same memory.
fn key(token: &SessionToken, relying_party: &str, protocol: Protocol) -> [u8; 32] {
    let mut digest = Context::new(&SHA256);
    // Both have one length.
    digest.update(&token.key());
    digest.update(match protocol {
        Protocol::Saml2 => b"s",
        Protocol::WsFederation => b"w",
        Protocol::WsTrust => b"t",
    });
    digest.update(relying_party.as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(digest.finish().as_ref());
    key
}
