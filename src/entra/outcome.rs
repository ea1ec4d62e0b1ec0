//! What the simulator decided, for whoever shares its process: a demo, a test, a report.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use super::{
    Refusal,
    verify::{Check, SignedIn},
};

/// One sign-in brought to its end, or refused on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Shown on the page, too: by it page and record are matched.
    pub correlation_id: String,
    /// The ID of the `AuthnRequest`, or WS-Federation's `client-request-id`, once there was one.
    pub request_id: Option<String>,
    /// When it was decided, in UTC to the second.
    pub timestamp: String,
    /// The name that was typed, as far as it is known.
    pub typed: Option<String>,
    /// What was checked and held, in order; not empty for a refusal either.
    pub checks: Vec<Check>,
    /// The decision.
    #[serde(flatten)]
    pub decision: Decision,
}

impl Outcome {
    /// A refusal in the text that Entra tells applications.
    pub(super) fn told(&self, refusal: &Refusal) -> String {
        format!(
            "{}: {} {}\r\nCorrelation ID: {}\r\nTimestamp: {}",
            refusal.code, refusal.message, refusal.detail, self.correlation_id, self.timestamp,
        )
    }
}

/// Whether Entra would have let the user in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It would.
    SignedIn(Box<SignedIn>),
    /// It would not.
    Refused(Refusal),
}

/// The latest outcomes, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    latest: Mutex<VecDeque<Outcome>>,
}

impl Outcomes {
    const CAPACITY: usize = 256;

    pub(super) fn record(&self, outcome: Outcome) {
        let mut latest = self.lock();
        if latest.len() == Self::CAPACITY {
            latest.pop_front();
        }
        latest.push_back(outcome);
    }

    pub(super) fn all(&self) -> Vec<Outcome> {
        self.lock().iter().cloned().collect()
    }

    pub(super) fn of_request(&self, id: &str) -> Option<Outcome> {
        let latest = self.lock();
        // A request is answered once; a later outcome of the same ID is a replay's.
        latest
            .iter()
            .find(|outcome| outcome.request_id.as_deref() == Some(id))
            .cloned()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Outcome>> {
        // Nobody can have left it half-changed: each change is one push or pop.
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::Aadsts;

    #[test]
    fn the_latest_are_kept_and_found() {
        let outcomes = Outcomes::default();
        for number in 0..300 {
            outcomes.record(Outcome {
                correlation_id: String::new(),
                request_id: Some(format!("_{number}")),
                timestamp: String::new(),
                typed: None,
                checks: vec![],
                decision: Decision::Refused(Aadsts::InvalidXml.refuse("")),
            });
        }
        assert_eq!(outcomes.all().len(), Outcomes::CAPACITY);
        assert_eq!(outcomes.of_request("_43"), None);
        assert!(outcomes.of_request("_44").is_some());
    }

    #[test]
    fn a_refusal_is_told_as_json() {
        let outcome = Outcome {
            correlation_id: "c".to_owned(),
            request_id: None,
            timestamp: "2024-01-01T00:00:00Z".to_owned(),
            typed: None,
            checks: vec![Check {
                name: "Status",
                found: "Success".to_owned(),
            }],
            decision: Decision::Refused(Aadsts::UnknownRealm.refuse("why")),
        };
        assert_eq!(
            serde_json::to_value(&outcome).unwrap(),
            serde_json::json!({
                "correlation_id": "c",
                "request_id": null,
                "timestamp": "2024-01-01T00:00:00Z",
                "typed": null,
                "checks": [{"name": "Status", "found": "Success"}],
                "refused": {
                    "code": "AADSTS50107",
                    "message": "The requested federation realm object does not exist.",
                    "detail": "why",
                },
            })
        );
    }
}
