//! The simulator without its pages: a name goes in, a request comes out; an answer goes in, a
//! decision comes out.

use time::{Duration, OffsetDateTime};

use super::{
    Aadsts, Address, AuthnRequest, Decision, FoundBy, HintPolicy, Outcome, PendingRequest,
    PendingRequests, PostToIdp, Realm, Refusal, SignInName, Tenant, User, discover, instant,
    outcome::Outcomes,
    random,
    verify::{Answer, Expectations, Verifier},
};

/// How the simulator behaves where Entra's behaviour is configured, or not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The application that people sign in to, as pages name it.
    pub application: String,
    /// What each answer is held to.
    pub expectations: Expectations,
    /// Which hints go with a request.
    pub hints: HintPolicy,
    /// Whether an email of a foreign domain is resolved at a tenanted address.
    pub resolve_foreign_email: bool,
}

impl Settings {
    /// Entra's own values for a simulator that browsers reach at `base_url` (no slash at its end):
    /// its entity ID, and `login.srf` as the assertion consumer service.
    pub fn at(base_url: &str) -> Self {
        Self {
            application: "Contoso partner portal".to_owned(),
            expectations: Expectations {
                audience: "urn:federation:MicrosoftOnline".to_owned(),
                assertion_consumer_service: format!("{base_url}/login.srf"),
                clock_skew: Duration::minutes(5),
                accept_sha1: false,
            },
            hints: HintPolicy::default(),
            resolve_foreign_email: true,
        }
    }
}

/// Entra's side of a federation, for one tenant.
#[derive(Debug)]
pub struct Simulator {
    tenant: Tenant,
    settings: Settings,
    pending: PendingRequests,
    outcomes: Outcomes,
}

/// What follows a typed name.
#[derive(Clone, Debug)]
pub enum Next<'s> {
    /// Entra itself would ask this user for the password.
    AskPassword(&'s User),
    /// The browser goes to the identity provider.
    GoToIdp(Box<Journey<'s>>),
}

/// The way to the identity provider.
#[derive(Clone, Debug)]
pub struct Journey<'s> {
    /// The user found.
    pub user: &'s User,
    /// By which name.
    pub found_by: FoundBy,
    /// The brand of the identity provider.
    pub brand: &'s str,
    /// The domain whose federation it is.
    pub domain: &'s str,
    /// The ID of the request.
    pub request_id: String,
    /// What the browser posts.
    pub post: PostToIdp,
}

/// How many people may be on their way at once, and for how long.
const MOST_PENDING: usize = 10_000;
const PENDING_LIFE: Duration = Duration::minutes(10);

impl Simulator {
    /// A simulator for one tenant, nobody signed in.
    pub fn new(tenant: Tenant, settings: Settings) -> Self {
        Self {
            tenant,
            settings,
            pending: PendingRequests::new(MOST_PENDING, PENDING_LIFE),
            outcomes: Outcomes::default(),
        }
    }

    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The application that people sign in to.
    pub fn application(&self) -> &str {
        &self.settings.application
    }

    /// Entra's entity ID: the Issuer of requests and the Audience of assertions.
    pub fn audience(&self) -> &str {
        &self.settings.expectations.audience
    }

    /// Where answers are posted to.
    pub fn assertion_consumer_service(&self) -> &str {
        &self.settings.expectations.assertion_consumer_service
    }

    /// The latest decisions, the oldest first.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.outcomes.all()
    }

    /// What was decided about the first answer to a request.
    pub fn outcome(&self, request_id: &str) -> Option<Outcome> {
        self.outcomes.of_request(request_id)
    }

    /// Takes a typed name, and makes the request for it.
    ///
    /// # Errors
    /// The outcome, a refusal, which is recorded.
    pub fn begin(
        &self,
        typed: &str,
        address: Address,
        now: OffsetDateTime,
    ) -> Result<Next<'_>, Box<Outcome>> {
        self.next_step(typed, address, now).map_err(|refusal| {
            let typed = SignInName::parse(typed).ok().map(|name| name.to_string());
            Box::new(self.decide(None, typed, vec![], Decision::Refused(refusal), now))
        })
    }

    /// Judges an answer, and records the outcome.
    pub fn receive(&self, answer: Answer<'_>, now: OffsetDateTime) -> Outcome {
        let verifier = Verifier {
            tenant: &self.tenant,
            expectations: &self.settings.expectations,
            pending: &self.pending,
        };
        let verdict = verifier.verify(answer, now);
        let (request_id, typed) = verdict
            .request
            .map(|request| (request.id, request.typed.to_string()))
            .unzip();
        let decision = match verdict.result {
            Ok(signed_in) => Decision::SignedIn(Box::new(signed_in)),
            Err(refusal) => Decision::Refused(refusal),
        };
        self.decide(request_id, typed, verdict.checks, decision, now)
    }

    /// Records a refusal of a message that could not even be taken for an answer.
    pub(super) fn refuse(&self, refusal: Refusal, now: OffsetDateTime) -> Outcome {
        self.decide(None, None, vec![], Decision::Refused(refusal), now)
    }

    fn next_step(
        &self,
        typed: &str,
        address: Address,
        now: OffsetDateTime,
    ) -> Result<Next<'_>, Refusal> {
        let name = SignInName::parse(typed)
            .map_err(|error| Aadsts::InvalidDomainName.refuse(format!("{error}.")))?;
        let found = discover(
            &self.tenant,
            &name,
            address,
            self.settings.resolve_foreign_email,
        )?;
        let Realm::Federated(domain, federation) = found.realm else {
            return Ok(Next::AskPassword(found.user));
        };
        let upn = &found.user.user_principal_name;
        let request = AuthnRequest::new(self.audience(), now);
        let post = request.post_to(
            &federation.passive_sign_in_uri,
            self.settings.hints,
            &name,
            upn,
        );
        self.pending.remember(PendingRequest {
            id: request.id.clone(),
            relay_state: post.relay_state.clone(),
            typed: name,
            user_principal_name: upn.clone(),
            sent_at: now,
        });
        Ok(Next::GoToIdp(Box::new(Journey {
            user: found.user,
            found_by: found.found_by,
            brand: &federation.display_name,
            domain: domain.name.as_str(),
            request_id: request.id,
            post,
        })))
    }

    fn decide(
        &self,
        request_id: Option<String>,
        typed: Option<String>,
        checks: Vec<super::verify::Check>,
        decision: Decision,
        now: OffsetDateTime,
    ) -> Outcome {
        let outcome = Outcome {
            correlation_id: random::guid(),
            request_id,
            timestamp: instant::to_seconds(now),
            typed,
            checks,
            decision,
        };
        let correlation_id = outcome.correlation_id.as_str();
        match &outcome.decision {
            Decision::SignedIn(_) => tracing::info!(correlation_id, "the simulator accepts"),
            Decision::Refused(refusal) => {
                tracing::info!(correlation_id, code = %refusal.code, "the simulator refuses");
            }
        }
        self.outcomes.record(outcome.clone());
        outcome
    }
}
