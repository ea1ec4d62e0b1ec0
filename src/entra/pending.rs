//! Requests sent and not yet answered.
//!
//! An answer counts only when it names one of these, and each counts once: this is what refuses
//! unsolicited and replayed answers. The store is bounded in number and in time.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use time::{Duration, OffsetDateTime};

use super::{Demand, DomainName, Protocol, SignInName};

/// What was asked, kept until the answer comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// How it was asked.
    pub protocol: Protocol,
    /// The ID of the `AuthnRequest`, or WS-Federation's `client-request-id`.
    pub id: String,
    /// What must come back byte for byte: `RelayState`, or `wctx`.
    pub state: String,
    /// The tenant whose identity provider was asked, by its first domain.
    pub home: DomainName,
    /// The tenant at whose address it began, where it named one.
    pub resource: Option<DomainName>,
    /// Whom the answer must be about.
    pub whom: Whom,
    /// What the sign-in has to be like.
    pub demand: Demand,
    /// When the request was sent.
    pub sent_at: OffsetDateTime,
}

/// Whom a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// One user.
    User {
        /// What was typed, or stood in the link.
        typed: SignInName,
        /// The cloud UPN that discovery found for it; the same name, where nobody was found.
        user_principal_name: SignInName,
    },
    /// Whoever the federation of a domain vouches for: a link or a policy named the domain, and nobody
    /// was looked up.
    AnybodyOf {
        /// The domain whose federation is asked.
        domain: DomainName,
        /// The name that stood in the link, which is passed on and decides nothing.
        hinted: Option<SignInName>,
    },
}

impl Whom {
    /// What was typed, or stood in the link.
    pub fn typed(&self) -> Option<&SignInName> {
        match self {
            Self::User { typed, .. } => Some(typed),
            Self::AnybodyOf { hinted, .. } => hinted.as_ref(),
        }
    }
}

impl PendingRequest {
    /// What an answer names it by: `InResponseTo` is the ID; WS-Federation has nothing but `wctx`.
    fn named_by(&self) -> &str {
        match self.protocol {
            Protocol::Saml => &self.id,
            Protocol::WsFederation | Protocol::WsTrust => &self.state,
        }
    }
}

/// Why no request can be answered under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// No such request was sent, or it is long forgotten.
    #[error("no request of this name is waiting for an answer")]
    Unknown,
    /// An answer came before.
    #[error("this request was answered before")]
    AnsweredBefore,
    /// The answer took too long.
    #[error("this request is too old to be answered")]
    Expired,
}

/// The requests that wait, oldest first out.
#[derive(Debug)]
pub struct PendingRequests {
    state: Mutex<State>,
    capacity: usize,
    life: Duration,
}

/// How an answer names a request. What is a name in one protocol is none in another.
type Name = (Protocol, String);

#[derive(Debug, Default)]
struct State {
    /// `None` once answered: remembered so that a replay can be called by its name.
    requests: HashMap<Name, Option<PendingRequest>>,
    /// The names in the order of sending, with the time of it.
    order: VecDeque<(OffsetDateTime, Name)>,
}

impl PendingRequests {
    /// A store for at most `capacity` requests, each answerable within `life` of its sending.
    pub fn new(capacity: usize, life: Duration) -> Self {
        Self {
            state: Mutex::default(),
            capacity,
            life,
        }
    }

    /// Remembers a request that is being sent. The oldest make room where there is none.
    pub fn remember(&self, request: PendingRequest) {
        let mut state = self.lock();
        // Twice the life, so that a late answer is told from an unknown one.
        let forgotten = request.sent_at - self.life * 2;
        while let Some((sent_at, name)) = state.order.front().cloned() {
            if sent_at > forgotten && state.order.len() < self.capacity.max(1) {
                break;
            }
            state.order.pop_front();
            state.requests.remove(&name);
        }
        let name = (request.protocol, request.named_by().to_owned());
        state.order.push_back((request.sent_at, name.clone()));
        state.requests.insert(name, Some(request));
    }

    /// Takes the request that an answer by `protocol` names: by its ID, or by `wctx`. Whatever the
    /// answer turns out to be worth, there is no second one.
    pub fn take(
        &self,
        protocol: Protocol,
        name: &str,
        now: OffsetDateTime,
    ) -> Result<PendingRequest, Unanswerable> {
        let mut state = self.lock();
        let slot = state.requests.get_mut(&(protocol, name.to_owned()));
        let slot = slot.ok_or(Unanswerable::Unknown)?;
        let request = slot.take().ok_or(Unanswerable::AnsweredBefore)?;
        if now >= request.sent_at + self.life {
            return Err(Unanswerable::Expired);
        }
        Ok(request)
    }

    /// Whether there is a request of this name, answered or not: asked to explain a refusal.
    pub(super) fn knows(&self, protocol: Protocol, name: &str) -> bool {
        let name = (protocol, name.to_owned());
        self.lock().requests.contains_key(&name)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves no half-made change behind: each one is a single insert or take.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::fixture::{domain, name};

    const LIFE: Duration = Duration::minutes(10);

    fn request(id: &str, sent_at: OffsetDateTime) -> PendingRequest {
        PendingRequest {
            protocol: Protocol::Saml,
            id: id.to_owned(),
            state: "state".to_owned(),
            home: domain("contoso.onmicrosoft.com"),
            resource: None,
            whom: Whom::User {
                typed: name("wmoran@fabrikam.com"),
                user_principal_name: name("wmoran@partners.contoso.com"),
            },
            demand: Demand::default(),
            sent_at,
        }
    }

    #[test]
    fn a_request_is_answered_once_and_in_time() {
        let pending = PendingRequests::new(10, LIFE);
        let sent = OffsetDateTime::UNIX_EPOCH;
        pending.remember(request("_a", sent));
        pending.remember(request("_b", sent));
        assert_eq!(
            pending.take(Protocol::Saml, "_c", sent),
            Err(Unanswerable::Unknown)
        );
        assert_eq!(pending.take(Protocol::Saml, "_a", sent).unwrap().id, "_a");
        assert_eq!(
            pending.take(Protocol::Saml, "_a", sent),
            Err(Unanswerable::AnsweredBefore)
        );
        assert_eq!(
            pending.take(Protocol::Saml, "_b", sent + LIFE),
            Err(Unanswerable::Expired)
        );
    }

    #[test]
    fn the_last_moment_of_a_requests_life_counts() {
        let pending = PendingRequests::new(10, LIFE);
        let sent = OffsetDateTime::UNIX_EPOCH;
        pending.remember(request("_a", sent));
        assert!(
            pending
                .take(Protocol::Saml, "_a", sent + LIFE - Duration::NANOSECOND)
                .is_ok()
        );
    }

    #[test]
    fn neither_many_requests_nor_old_ones_are_kept() {
        let pending = PendingRequests::new(3, LIFE);
        let sent = OffsetDateTime::UNIX_EPOCH;
        for number in 0..100 {
            pending.remember(request(&format!("_{number}"), sent));
        }
        assert_eq!(pending.lock().requests.len(), 3);
        assert_eq!(pending.lock().order.len(), 3);
        assert_eq!(
            pending.take(Protocol::Saml, "_96", sent),
            Err(Unanswerable::Unknown)
        );
        assert!(pending.take(Protocol::Saml, "_97", sent).is_ok());
        pending.remember(request("_late", sent + LIFE * 2));
        assert_eq!(pending.lock().requests.len(), 1);
    }

    #[test]
    fn each_protocol_has_names_of_its_own() {
        let pending = PendingRequests::new(10, LIFE);
        let sent = OffsetDateTime::UNIX_EPOCH;
        pending.remember(PendingRequest {
            protocol: Protocol::WsFederation,
            ..request("guid", sent)
        });
        let take = |protocol, name| pending.take(protocol, name, sent);
        assert_eq!(
            take(Protocol::WsFederation, "guid"),
            Err(Unanswerable::Unknown)
        );
        assert_eq!(take(Protocol::Saml, "state"), Err(Unanswerable::Unknown));
        assert!(pending.knows(Protocol::WsFederation, "state"));
        assert!(!pending.knows(Protocol::Saml, "state"));
        assert_eq!(take(Protocol::WsFederation, "state").unwrap().id, "guid");
        assert!(pending.knows(Protocol::WsFederation, "state"));
    }
}
