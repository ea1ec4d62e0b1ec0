//! A sign-out under way: who asked for it, and who is being told.
//!
//! The session has ended by then. What is left to do is kept by the browser itself, sealed into its
//! page, as a request is that waits for a password.

use serde::{Deserialize, Serialize};

use crate::{observe::CorrelationId, signin::KnownAs};

use super::seal::Sealed;

/// A sign-out whose page is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Departure {
    pub correlation: CorrelationId,
    pub asker: Asker,
    /// Those who answer.
    pub tellings: Vec<Telling>,
    /// Those who hear of it by WS-Federation, and do not answer.
    pub clean_up: Vec<CleanUp>,
    /// Those who cannot be told, by their entity IDs.
    pub untold: Vec<String>,
}

/// Where a relying party hears of it by WS-Federation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CleanUp {
    pub relying_party: String,
    pub address: String,
}

/// Who wanted the session's end, and hears how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Asker {
    /// The person herself, or somebody who wants no answer.
    Nobody,
    /// A relying party, by WS-Federation.
    WsFederation {
        /// The address to go on to, which some trust has.
        address: String,
    },
    /// A relying party, by SAML 2.0.
    Saml2(Saml2Asker),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saml2Asker {
    pub relying_party: String,
    pub request_id: String,
    pub relay_state: Option<String>,
    /// No answer is wanted.
    pub is_asynchronous: bool,
    /// Who answers.
    pub issuer: String,
}

/// What a relying party is told by SAML 2.0: whose session has ended, by the names that it knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Telling {
    pub relying_party: String,
    /// What its answer is awaited under: the beginning of the ID of each request that says so.
    pub name: String,
    /// Who says so.
    pub issuer: String,
    pub known_as: KnownAs,
}

impl Sealed for Departure {
    const KIND: &'static str = "sign-out";
}

impl Sealed for Telling {
    const KIND: &'static str = "logout-request";
}

impl Telling {
    /// A fresh ID. A relying party may have to be told again, and takes each ID once.
    pub(super) fn request_id(&self, fresh: &str) -> String {
        format!("{}.{}", self.name, fresh.trim_start_matches('_'))
    }

    /// What an answer to this request is awaited under.
    pub(super) fn name_in(request_id: &str) -> &str {
        request_id
            .split_once('.')
            .map_or(request_id, |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::NameIdFormat;

    #[test]
    fn each_request_has_an_id_of_its_own_and_leads_back() {
        let telling = Telling {
            relying_party: "https://sp.test".into(),
            name: "_a1".into(),
            issuer: String::new(),
            known_as: KnownAs {
                name_id: String::new(),
                name_id_format: NameIdFormat::Persistent,
                session_index: String::new(),
            },
        };
        let (one, other) = (telling.request_id("_b2"), telling.request_id("_c3"));
        assert_eq!(one, "_a1.b2");
        assert_ne!(one, other);
        for id in [&one, &other] {
            assert_eq!(Telling::name_in(id), "_a1");
        }
        assert_eq!(Telling::name_in("_a1"), "_a1");
    }
}
