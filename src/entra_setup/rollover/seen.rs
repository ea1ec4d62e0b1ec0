use std::fmt;

use time::OffsetDateTime;

use crate::{
    keys::{Certificate, KeyRing},
    microsoft_graph::FederationConfiguration,
};

/// A step of the rollover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Make the next key.
    Prepare,
    /// Have Entra trust it.
    Register,
    /// Sign with it.
    Switch,
    /// Have Entra forget the former one.
    Retire,
}

/// What the key files and Entra show.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The certificate of the key that signs.
    pub current: Certificate,
    /// The certificate that is announced.
    pub next: Option<Certificate>,
    /// Whether its key is there, and is the one of it.
    pub has_next_key: bool,
    /// The certificate that signed before, until the rollover is ended.
    pub former: Option<Certificate>,
    /// Each of our domains at Entra.
    pub domains: Vec<DomainSeen>,
}

/// What Entra trusts for one domain.
#[derive(Clone, Debug)]
pub struct DomainSeen {
    /// Its name.
    pub domain: String,
    /// The id of its federation; `None` when it has none.
    pub federation: Option<String>,
    /// `signingCertificate`.
    pub signing: Option<Certificate>,
    /// `nextSigningCertificate`.
    pub next: Option<Certificate>,
}

/// Why a step is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Another step comes first.
    #[error("{asked} is not due: {due} comes first")]
    NotDue {
        /// What was asked for.
        asked: Step,
        /// What comes first.
        due: Step,
    },
    /// A domain of ours is not federated.
    #[error("Entra has no federation of {0}: `homerealm entra federate` comes first")]
    NotFederated(String),
    /// Entra does not trust what we sign with, so that nothing would be kept by going on.
    #[error(
        "Entra does not trust what we sign with for {0}, so people cannot sign in already: see \
         `homerealm entra status`, and mend that first"
    )]
    CurrentNotTrusted(String),
    /// Entra does not hold the next certificate: a switch would lock people out.
    #[error("Entra does not hold the next certificate for {0}: a switch would lock people out")]
    NextNotTrusted(String),
    /// Entra took a change, and does not show it.
    #[error("Entra took the change for {0}, and shows something else: look again in a while")]
    NotKept(String),
    /// The key of the announced certificate is not there.
    #[error("the next certificate is there, and its key is not: a switch has nothing to switch to")]
    NoNextKey,
    /// The next certificate is not valid now.
    #[error("the next certificate is valid from {not_before} to {not_after}, and not now")]
    NextNotValid {
        /// When it begins.
        not_before: OffsetDateTime,
        /// When it ends.
        not_after: OffsetDateTime,
    },
    /// The next key is the current one.
    #[error("the next certificate is the current one: take its files away, and prepare another")]
    NextIsCurrent,
}

impl Seen {
    /// Puts together what was read.
    pub fn new(ring: &KeyRing, has_next_key: bool, domains: Vec<DomainSeen>) -> Self {
        Self {
            current: ring.current().certificate().clone(),
            next: ring.next().cloned(),
            has_next_key,
            former: ring.former().cloned(),
            domains,
        }
    }

    /// What is to be done next. Between two rollovers that is to prepare one.
    pub fn due(&self) -> Step {
        let is_trusted = |certificate| self.domains.iter().all(|domain| domain.trusts(certificate));
        match (&self.former, &self.next) {
            // Somebody has moved the files by hand: Entra is told now, and people can sign in again.
            (Some(_), _) if !is_trusted(&self.current) => Step::Register,
            (Some(_), _) => Step::Retire,
            (None, None) => Step::Prepare,
            (None, Some(next)) if is_trusted(next) => Step::Switch,
            (None, Some(_)) => Step::Register,
        }
    }

    /// Whether a step has been done: in the rollover that is under way, or at the end of the last one.
    pub fn is_done(&self, step: Step) -> bool {
        let due = self.due();
        step < due || (step == Step::Retire && due == Step::Prepare)
    }

    /// Whether a step may be done now.
    ///
    /// # Errors
    /// Why it may not.
    pub fn permits(&self, step: Step, now: OffsetDateTime) -> Result<(), Refusal> {
        let due = self.due();
        match step {
            Step::Register if self.former.is_some() => self.are_federated()?,
            Step::Register => {
                self.next_is_good(step, now)?;
                self.trusts_current()?;
            }
            Step::Switch => {
                // Asked again here, whatever is due: this is the step that could lock people out.
                let next = self.next_is_good(step, now)?;
                self.trusts_current()?;
                for domain in &self.domains {
                    if !domain.trusts(next) {
                        return Err(Refusal::NextNotTrusted(domain.domain.clone()));
                    }
                }
                if !self.has_next_key {
                    return Err(Refusal::NoNextKey);
                }
            }
            Step::Retire if due == Step::Retire => self.are_federated()?,
            Step::Prepare | Step::Retire => {}
        }
        if step == due {
            Ok(())
        } else {
            Err(Refusal::NotDue { asked: step, due })
        }
    }

    fn next_is_good(&self, asked: Step, now: OffsetDateTime) -> Result<&Certificate, Refusal> {
        let Some(next) = &self.next else {
            return Err(Refusal::NotDue {
                asked,
                due: self.due(),
            });
        };
        if *next == self.current {
            return Err(Refusal::NextIsCurrent);
        }
        let (not_before, not_after) = (next.not_before(), next.not_after());
        if now < not_before || not_after <= now {
            return Err(Refusal::NextNotValid {
                not_before,
                not_after,
            });
        }
        Ok(next)
    }

    fn are_federated(&self) -> Result<(), Refusal> {
        let mut domains = self.domains.iter();
        match domains.find(|domain| domain.federation.is_none()) {
            None => Ok(()),
            Some(domain) => Err(Refusal::NotFederated(domain.domain.clone())),
        }
    }

    fn trusts_current(&self) -> Result<(), Refusal> {
        self.are_federated()?;
        let mut domains = self.domains.iter();
        match domains.find(|domain| !domain.trusts(&self.current)) {
            None => Ok(()),
            Some(domain) => Err(Refusal::CurrentNotTrusted(domain.domain.clone())),
        }
    }
}

impl DomainSeen {
    /// What Graph told of a domain.
    pub fn of(domain: &str, found: Option<FederationConfiguration>) -> Self {
        let found = found.unwrap_or_default();
        // What is no certificate is none that could be trusted.
        let read = |text: Option<String>| Certificate::from_base64(&text?).ok();
        Self {
            domain: domain.to_owned(),
            federation: found.id,
            signing: read(found.signing_certificate),
            next: read(found.next_signing_certificate),
        }
    }

    /// Whether Entra takes what is signed by this certificate's key.
    pub fn trusts(&self, certificate: &Certificate) -> bool {
        [&self.signing, &self.next]
            .into_iter()
            .any(|held| held.as_ref() == Some(certificate))
    }
}

/// As the command line calls it.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prepare => "prepare",
            Self::Register => "register",
            Self::Switch => "switch",
            Self::Retire => "retire",
        })
    }
}
