//! The simulator without its pages: a name goes in, a request comes out; an answer goes in, a
//! decision comes out.

use std::sync::{
    Arc, OnceLock, PoisonError, RwLock,
    atomic::{AtomicI64, Ordering},
};

use time::{Duration, OffsetDateTime};

use super::{
    Decision, DomainName, Outcome, PendingRequests, Refusal, RequestSigner, Settings, Tenant,
    TenantError, Tenants,
    access_tokens::AccessTokens,
    admission::Admission,
    flow::Flows,
    graph::{Deltas, Faults},
    instant, oauth,
    outcome::Outcomes,
    random, saml_application,
    verify::{Answer, Verdict, Verifier},
};
use crate::keys::KeyError;

/// Entra's side of federations, for all tenants that there are.
#[derive(Debug)]
pub struct Simulator {
    tenants: RwLock<Arc<Tenants>>,
    settings: Settings,
    pending: PendingRequests,
    outcomes: Outcomes,
    flows: Flows,
    pub(super) access_tokens: AccessTokens,
    pub(super) provider: oauth::Provider,
    pub(super) saml_applications: saml_application::Waiting,
    request_signer: OnceLock<RequestSigner>,
    /// How far its clock is ahead, in seconds.
    clock_ahead: AtomicI64,
    pub(super) deltas: Deltas,
    pub(super) faults: Faults,
}

/// How many people may be on their way at once, and for how long.
const MOST_PENDING: usize = 10_000;
const PENDING_LIFE: Duration = Duration::minutes(10);

impl Simulator {
    /// A simulator with these tenants, nobody signed in.
    pub fn new(tenants: impl Into<Tenants>, settings: Settings) -> Self {
        Self {
            tenants: RwLock::new(Arc::new(tenants.into())),
            settings,
            pending: PendingRequests::new(MOST_PENDING, PENDING_LIFE),
            outcomes: Outcomes::default(),
            flows: Flows::default(),
            access_tokens: AccessTokens::default(),
            provider: oauth::Provider::default(),
            saml_applications: saml_application::Waiting::default(),
            request_signer: OnceLock::new(),
            clock_ahead: AtomicI64::new(0),
            deltas: Deltas::default(),
            faults: Faults::default(),
        }
    }

    /// Sets its clock ahead of this machine's, or behind, by whole seconds: what an identity provider's
    /// clock looks like that is wrong the other way round.
    pub fn set_clock_ahead(&self, by: Duration) {
        self.clock_ahead
            .store(by.whole_seconds(), Ordering::Relaxed);
    }

    /// By its clock.
    pub fn now(&self) -> OffsetDateTime {
        let ahead = Duration::seconds(self.clock_ahead.load(Ordering::Relaxed));
        let now = OffsetDateTime::now_utc();
        now.checked_add(ahead).unwrap_or(now)
    }

    /// The tenants as they are now.
    pub fn tenants(&self) -> Arc<Tenants> {
        // Whoever panicked while holding the lock did not leave half a tenant: each is put in whole.
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&tenants)
    }

    /// Puts others in their place. Who is on the way is judged by what holds when the answer comes.
    pub fn replace_tenants(&self, tenants: impl Into<Tenants>) {
        let mut current = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(tenants.into());
    }

    /// Changes one tenant, as an administrator does by Graph: nothing comes between the look at it
    /// and the change.
    ///
    /// # Errors
    /// What `change` says, or why the changed tenant does not go with the others.
    pub(super) fn change_tenant<E: From<TenantError>>(
        &self,
        name: &DomainName,
        change: impl FnOnce(&Tenant) -> Result<Tenant, E>,
    ) -> Result<(), E> {
        let mut current = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let tenant = current.of_domain(name).ok_or(TenantError::NoTenant)?;
        let changed = current.with(change(tenant)?)?;
        *current = Arc::new(changed);
        Ok(())
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn pending(&self) -> &PendingRequests {
        &self.pending
    }

    pub(super) fn base_url(&self) -> &str {
        &self.settings.base_url
    }

    /// The key that requests are signed with, made when it is needed first.
    ///
    /// # Errors
    /// When none can be made.
    pub fn request_signer(&self) -> Result<&RequestSigner, KeyError> {
        if let Some(signer) = self.request_signer.get() {
            return Ok(signer);
        }
        let made = RequestSigner::new()?;
        // Two who come at once make two, and use the first.
        Ok(self.request_signer.get_or_init(|| made))
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

    /// The latest sign-ins, hop by hop.
    pub fn flows(&self) -> &Flows {
        &self.flows
    }

    /// What was decided about the first answer to a request.
    pub fn outcome(&self, request_id: &str) -> Option<Outcome> {
        self.outcomes.of_request(request_id)
    }

    /// Judges an answer, and records the outcome.
    pub fn receive(&self, answer: Answer<'_>, now: OffsetDateTime) -> Outcome {
        let tenants = self.tenants();
        let verifier = self.verifier(&tenants);
        let verdict = verifier.verify(answer, now);
        let asked = verdict.request.clone();
        let resource = asked.as_ref().and_then(|request| request.resource.clone());
        let outcome = self.conclude(&tenants, verdict, resource.as_ref(), now);
        self.record_answer(&verifier, (answer, asked), resource.as_ref(), &outcome, now);
        outcome
    }

    /// The same of an assertion that an application brings to the token endpoint of `resource`, or
    /// to one that names no tenant.
    pub fn redeem(
        &self,
        assertion: &str,
        resource: Option<&DomainName>,
        now: OffsetDateTime,
    ) -> Outcome {
        let tenants = self.tenants();
        let verifier = self.verifier(&tenants);
        let answer = Answer::WsTrust { assertion };
        let outcome = self.conclude(&tenants, verifier.verify(answer, now), resource, now);
        self.record_answer(&verifier, (answer, None), resource, &outcome, now);
        outcome
    }

    /// What answers are judged by.
    pub(super) fn verifier<'v>(&'v self, tenants: &'v Tenants) -> Verifier<'v> {
        Verifier {
            tenants,
            expectations: &self.settings.expectations,
            pending: &self.pending,
        }
    }

    fn conclude(
        &self,
        tenants: &Tenants,
        verdict: Verdict,
        resource: Option<&DomainName>,
        now: OffsetDateTime,
    ) -> Outcome {
        let typed = verdict.request.as_ref().and_then(|request| {
            let typed = request.whom.typed()?;
            Some(typed.to_string())
        });
        let demand = verdict.request.as_ref().map(|request| request.demand);
        let request_id = verdict.request.map(|request| request.id);
        let mut checks = verdict.checks;
        let admission = Admission {
            tenants,
            resource,
            application: self.application(),
            demand: demand.unwrap_or_default(),
        };
        let result = admission.decide(verdict.result, &mut checks);
        let decision = match result {
            Ok(signed_in) => Decision::SignedIn(Box::new(signed_in)),
            Err(refusal) => Decision::Refused(refusal),
        };
        self.decide(request_id, typed, checks, decision, now)
    }

    /// Records a refusal of a message that could not even be taken for an answer.
    pub(super) fn refuse(&self, refusal: Refusal, now: OffsetDateTime) -> Outcome {
        self.decide(None, None, vec![], Decision::Refused(refusal), now)
    }

    pub(super) fn decide(
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
