//! The latest sign-ins, bounded in number and in octets.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use time::OffsetDateTime;

use super::{End, Flow, Hop};
use crate::entra::{instant, random};

/// How many sign-ins are kept.
const MOST: usize = 100;
/// How many octets all of them have together, as JSON.
const MOST_OCTETS: usize = 16 * 1024 * 1024;
/// How many hops one sign-in has.
const MOST_HOPS: usize = 40;

/// The sign-ins that are kept.
#[derive(Debug, Default)]
pub struct Flows {
    kept: Mutex<VecDeque<Kept>>,
}

#[derive(Debug)]
struct Kept {
    flow: Flow,
    /// What it is found by besides its id: the ID of a request, a correlation ID.
    names: Vec<String>,
    octets: usize,
}

impl Flows {
    /// Adds what happened to the sign-in of this name: the ID of a request to an identity provider, say.
    /// Where there is none yet, it begins with this. Says the sign-in's id.
    pub fn record(&self, name: &str, hop: Hop, now: OffsetDateTime) -> String {
        self.add(name, hop, usize::MAX, now)
    }

    /// Adds what came before all else: the request of an application, say, that is known to belong to a
    /// sign-in only once that has begun.
    pub fn record_first(&self, name: &str, hop: Hop, now: OffsetDateTime) -> String {
        self.add(name, hop, 0, now)
    }

    /// Gives a sign-in another name besides, and says what was typed, if that is known.
    pub fn call(&self, name: &str, also: &str, typed: Option<&str>) {
        let mut kept = self.lock();
        if let Some(it) = find(&mut kept, name) {
            it.names.push(also.to_owned());
            let typed = typed.map(str::to_owned);
            it.flow.typed = it.flow.typed.take().or(typed);
        }
    }

    /// Says how the sign-in of this name ended.
    pub fn end(&self, name: &str, end: End) {
        let mut kept = self.lock();
        if let Some(it) = find(&mut kept, name) {
            it.flow.end = Some(end);
        }
    }

    /// The sign-in of this id.
    pub fn get(&self, id: &str) -> Option<Flow> {
        let kept = self.lock();
        let found = kept.iter().find(|it| it.flow.id == id);
        found.map(|it| it.flow.clone())
    }

    /// The id of the latest sign-in of this name.
    pub fn id_of(&self, name: &str) -> Option<String> {
        find(&mut self.lock(), name).map(|it| it.flow.id.clone())
    }

    /// All of them, the latest first.
    pub fn all(&self) -> Vec<Flow> {
        self.lock().iter().rev().map(|it| it.flow.clone()).collect()
    }

    fn add(&self, name: &str, hop: Hop, place: usize, now: OffsetDateTime) -> String {
        let octets = serde_json::to_vec(&hop).map_or(0, |json| json.len());
        let mut kept = self.lock();
        if find(&mut kept, name).is_none() {
            let begun = instant::to_seconds(now);
            kept.push_back(Kept::named(name, begun));
        }
        let id = find(&mut kept, name).map(|it| {
            if it.flow.hops.len() < MOST_HOPS {
                let place = place.min(it.flow.hops.len());
                it.flow.hops.insert(place, hop);
                it.octets += octets;
            }
            it.flow.id.clone()
        });
        let mut all: usize = kept.iter().map(|it| it.octets).sum();
        while kept.len() > MOST || (all > MOST_OCTETS && kept.len() > 1) {
            all -= kept.pop_front().map_or(0, |it| it.octets);
        }
        id.unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        // Whoever panicked while holding it left at worst one sign-in without its last hop.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn named(name: &str, begun: String) -> Self {
        Self {
            flow: Flow {
                id: random::guid(),
                begun,
                typed: None,
                hops: Vec::new(),
                end: None,
            },
            names: vec![name.to_owned()],
            octets: 0,
        }
    }
}

/// The latest one of this name.
fn find<'k>(kept: &'k mut VecDeque<Kept>, name: &str) -> Option<&'k mut Kept> {
    kept.iter_mut()
        .rev()
        .find(|it| it.names.iter().any(|known| known == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::flow::Party;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn hop(what: &str) -> Hop {
        Hop::new("A hop", what, (Party::Browser, Party::Entra), NOW)
    }

    #[test]
    fn hops_of_one_name_are_one_sign_in() {
        let flows = Flows::default();
        let id = flows.record("_a", hop("second"), NOW);
        assert_eq!(flows.record_first("_a", hop("first"), NOW), id);
        assert_ne!(flows.record("_b", hop("other"), NOW), id);
        flows.call("_a", "correlation", Some("wendy"));
        assert_eq!(flows.record("correlation", hop("third"), NOW), id);
        let flow = flows.get(&id).unwrap();
        let what: Vec<_> = flow.hops.iter().map(|hop| hop.what.as_str()).collect();
        assert_eq!(what, ["first", "second", "third"]);
        assert_eq!(flow.typed.as_deref(), Some("wendy"));
        assert_eq!(flows.all().len(), 2);
        assert_eq!(flows.all()[1].id, id, "the latest first");
        assert!(flows.get("_a").is_none(), "a name is no id");
    }

    #[test]
    fn neither_many_nor_large_ones_are_kept() {
        let flows = Flows::default();
        for number in 0..=MOST {
            flows.record(&format!("_{number}"), hop(""), NOW);
        }
        assert_eq!(flows.all().len(), MOST);
        assert!(flows.id_of("_0").is_none());
        for _ in 0..=MOST_HOPS {
            flows.record("_1", hop(""), NOW);
        }
        let flow = flows.get(&flows.id_of("_1").unwrap()).unwrap();
        assert_eq!(flow.hops.len(), MOST_HOPS);
        let large = "x".repeat(MOST_OCTETS / 4);
        for number in 0..20 {
            flows.record(&format!("large {number}"), hop(&large), NOW);
        }
        let octets: usize = flows.lock().iter().map(|it| it.octets).sum();
        assert!(octets <= MOST_OCTETS, "{octets}");
        assert!(flows.id_of("large 19").is_some());
    }
}
