//! The simulator without its pages: a name goes in, a request comes out; an answer goes in, a
//! decision comes out.

use std::sync::{Arc, PoisonError, RwLock};

use time::{Duration, OffsetDateTime};

use super::{
    Aadsts, Decision, DomainName, Outcome, PendingRequests, Refusal, Settings, Tenant, TenantError,
    Tenants,
    access_tokens::AccessTokens,
    graph::{Deltas, Faults},
    instant, oauth,
    outcome::Outcomes,
    random,
    verify::{Answer, SignedIn, Verdict, Verifier},
};

/// Entra's side of federations, for all tenants that there are.
#[derive(Debug)]
pub struct Simulator {
    tenants: RwLock<Arc<Tenants>>,
    settings: Settings,
    pending: PendingRequests,
    outcomes: Outcomes,
    pub(super) access_tokens: AccessTokens,
    pub(super) provider: oauth::Provider,
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
            access_tokens: AccessTokens::default(),
            provider: oauth::Provider::default(),
            deltas: Deltas::default(),
            faults: Faults::default(),
        }
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

    /// Judges an answer, and records the outcome.
    pub fn receive(&self, answer: Answer<'_>, now: OffsetDateTime) -> Outcome {
        let tenants = self.tenants();
        let verdict = self.judge(&tenants, answer, now);
        let asked = verdict.request.as_ref();
        let resource = asked.and_then(|request| request.resource.clone());
        self.conclude(&tenants, verdict, resource.as_ref(), now)
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
        let verdict = self.judge(&tenants, Answer::WsTrust { assertion }, now);
        self.conclude(&tenants, verdict, resource, now)
    }

    fn judge(&self, tenants: &Tenants, answer: Answer<'_>, now: OffsetDateTime) -> Verdict {
        let verifier = Verifier {
            tenants,
            expectations: &self.settings.expectations,
            pending: &self.pending,
        };
        verifier.verify(answer, now)
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
        let request_id = verdict.request.map(|request| request.id);
        let result = verdict
            .result
            .and_then(|signed_in| self.is_at_home(tenants, signed_in, resource));
        let decision = match result {
            Ok(signed_in) => Decision::SignedIn(Box::new(signed_in)),
            Err(refusal) => Decision::Refused(refusal),
        };
        self.decide(request_id, typed, verdict.checks, decision, now)
    }

    /// Whoever signed in at home is nobody yet in another tenant: there are no invited guests here.
    fn is_at_home(
        &self,
        tenants: &Tenants,
        signed_in: SignedIn,
        resource: Option<&DomainName>,
    ) -> Result<SignedIn, Refusal> {
        let Some(resource) = resource.filter(|name| name.as_str() != signed_in.tenant) else {
            return Ok(signed_in);
        };
        let home = tenants.at_address(&signed_in.tenant);
        let issuer = home.map_or_else(String::new, |home| {
            format!("https://sts.windows.net/{}/", home.id())
        });
        Err(Aadsts::NotInTenant.refuse_saying(
            format!(
                "User account '{}' from identity provider '{issuer}' does not exist in tenant \
                 '{resource}' and cannot access the application '{}' in that tenant. The account \
                 needs to be added as an external user in the tenant first. Sign out and sign in \
                 again with a different Azure Active Directory user account.",
                signed_in.user.user_principal_name,
                self.application(),
            ),
            format!(
                "The identity provider of {} has vouched for a user of {}; the address was one of \
                 {resource}.",
                signed_in.domain, signed_in.tenant
            ),
        ))
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
