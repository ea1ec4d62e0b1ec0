//! What one walk came to, for a terminal or a script.

use serde::Serialize;

use crate::{
    entra::{Decision, Outcome},
    http::client::Reply,
};

use super::Protocol;

/// One request of the walk and what came back.
#[derive(Clone, Debug, Serialize)]
pub struct Hop {
    /// "GET" or "POST".
    pub method: &'static str,
    /// Host and path; queries and bodies hold one-time values.
    pub to: String,
    /// The HTTP status that came back.
    pub status: u16,
    /// The title of the page that came back; of a message, what it is.
    pub page: String,
    /// What happened, for the reader.
    pub what: &'static str,
}

impl Hop {
    pub(super) fn of(
        method: &'static str,
        reply: &Reply,
        page: String,
        what: &'static str,
    ) -> Self {
        let url = &reply.url;
        Self {
            method,
            to: format!("{}{}", url.host().unwrap_or_default(), url.path()),
            status: reply.status.as_u16(),
            page,
            what,
        }
    }
}

/// How one sign-in went.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether the simulated Entra accepted the assertion.
    pub accepted: bool,
    /// What was typed.
    pub sign_in_name: String,
    /// The cloud UPN that Entra signed in.
    pub cloud_upn: Option<String>,
    /// The `ImmutableID` that the assertion carried.
    pub immutable_id: Option<String>,
    /// The protocol: `saml2`, `wsfed` or `wstrust`.
    pub protocol: &'static str,
    /// Why it was not accepted: Entra's code and words, or where the way ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// What Entra checked, in order.
    pub checks: Vec<String>,
    /// The walk, hop by hop.
    pub hops: Vec<Hop>,
}

impl Report {
    pub(super) fn new(
        (protocol, name): (Protocol, &str),
        error: Option<String>,
        outcome: Option<Outcome>,
        hops: Vec<Hop>,
    ) -> Self {
        let checks = outcome.iter().flat_map(|outcome| &outcome.checks);
        let checks = checks
            .map(|check| format!("{}: {}", check.name, check.found))
            .collect();
        let (signed_in, refusal) = match (outcome.map(|outcome| outcome.decision), error) {
            (Some(Decision::SignedIn(signed_in)), None) => (Some(signed_in), None),
            (Some(Decision::Refused(refusal)), _) => {
                let words = format!("{}: {} {}", refusal.code, refusal.message, refusal.detail);
                (None, Some(words))
            }
            (_, Some(error)) => (None, Some(error)),
            (None, None) => (None, Some("Entra has seen no answer".to_owned())),
        };
        Self {
            accepted: signed_in.is_some(),
            sign_in_name: name.to_owned(),
            cloud_upn: signed_in
                .as_ref()
                .map(|known| known.user.user_principal_name.to_string()),
            immutable_id: signed_in.map(|known| known.immutable_id),
            protocol: protocol.as_str(),
            refusal,
            checks,
            hops,
        }
    }
}
