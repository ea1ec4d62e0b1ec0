//! What waits for a person who has not been asked for a password: sealed into the page that asks for her
//! name, and into her trip to an upstream.

use serde::{Deserialize, Serialize};

use crate::observe::CorrelationId;

use super::{pending::Pending, seal::Sealed, visitor::Visitor};

/// What she goes on to, and what is known of her so far.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) goal: Goal,
    /// The name that she gave, or that the request did. Who comes back must be the one.
    expected: Option<String>,
    /// She came back as somebody else: that one is not to be signed in again without being asked.
    distrustful: bool,
}

/// What a person goes on to.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Goal {
    /// A relying party that waits for her.
    RelyingParty(Box<Pending>),
    /// A page of our own.
    Own(Visitor),
}

impl Sealed for Waiting {
    const KIND: &'static str = "waiting";
}

impl Waiting {
    pub(super) fn for_goal(goal: Goal) -> Self {
        Self {
            goal,
            expected: None,
            distrustful: false,
        }
    }

    pub(super) fn for_party(pending: Pending) -> Self {
        Self::for_goal(Goal::RelyingParty(Box::new(pending)))
    }

    /// It is this person, and nobody else, who is to come back.
    pub(super) fn expecting(mut self, name: Option<&str>) -> Self {
        self.expected = name.map(str::to_owned);
        self
    }

    pub(super) fn distrusting(mut self, distrustful: bool) -> Self {
        self.distrustful |= distrustful;
        self
    }

    pub(super) fn expected(&self) -> Option<&str> {
        self.expected.as_deref()
    }

    /// The id of the sign-in, the same from its beginning to its end.
    pub(super) fn correlation(&self) -> &CorrelationId {
        match &self.goal {
            Goal::RelyingParty(pending) => &pending.request.correlation,
            Goal::Own(visitor) => &visitor.correlation,
        }
    }

    pub(super) fn relying_party(&self) -> Option<&str> {
        match &self.goal {
            Goal::RelyingParty(pending) => Some(&pending.request.relying_party),
            Goal::Own(_) => None,
        }
    }

    /// Whether she must prove it anew. A request that says how old the proof may be is younger than what
    /// an upstream remembers, as far as we know.
    pub(super) fn wants_fresh_proof(&self) -> bool {
        let asked = match &self.goal {
            Goal::RelyingParty(pending) => pending.request.max_age.is_some(),
            Goal::Own(_) => false,
        };
        asked || self.distrustful
    }

    pub(super) fn wants_several_factors(&self) -> bool {
        match &self.goal {
            Goal::RelyingParty(pending) => pending.request.several_factors,
            Goal::Own(_) => false,
        }
    }
}
