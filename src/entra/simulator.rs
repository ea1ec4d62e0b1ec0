//! The simulator without its pages: a name goes in, a request comes out; an answer goes in, a
//! decision comes out.

use std::sync::{Arc, PoisonError, RwLock};

use time::{Duration, OffsetDateTime};

use super::{
    Aadsts, Address, AuthnRequest, Decision, Domain, DomainName, FoundBy, Hint, HintPolicy,
    InternalDomainFederation, Names, Outcome, PendingRequest, PendingRequests, PostToIdp,
    PreferredAuthenticationProtocol, Protocol, Realm, Refusal, SignInName, SignInRequest, Tenant,
    User, Whom, WrittenBy,
    access_tokens::AccessTokens,
    discover, federation_of, instant,
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
    /// Where the simulator is, for addresses that applications are told.
    pub base_url: String,
    /// Which hints go with a request by SAML 2.0.
    pub saml_hints: HintPolicy,
    /// Which hints go with a request by WS-Federation.
    pub ws_federation_hints: HintPolicy,
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
            base_url: base_url.to_owned(),
            saml_hints: HintPolicy {
                login_hint: Hint::CloudUpn,
                username: Hint::None,
            },
            ws_federation_hints: HintPolicy::both(Hint::CloudUpn),
            resolve_foreign_email: true,
        }
    }
}

/// Entra's side of a federation, for one tenant.
#[derive(Debug)]
pub struct Simulator {
    tenant: RwLock<Arc<Tenant>>,
    settings: Settings,
    pending: PendingRequests,
    outcomes: Outcomes,
    pub(super) access_tokens: AccessTokens,
}

/// What follows a typed name.
#[derive(Clone, Debug)]
pub enum Next {
    /// Entra itself would ask this user for the password.
    AskPassword(Box<User>),
    /// The browser goes to the identity provider.
    GoToIdp(Box<Journey>),
}

/// The way to the identity provider.
#[derive(Clone, Debug)]
pub struct Journey {
    /// Whom it is asked for.
    pub whom: Whom,
    /// How its federation was found.
    pub found_by: FoundBy,
    /// The brand of the identity provider.
    pub brand: String,
    /// The domain whose federation it is.
    pub domain: String,
    /// The ID of the `AuthnRequest`, or WS-Federation's `client-request-id`.
    pub request_id: String,
    /// What the browser does.
    pub request: ToIdp,
}

/// How a browser brings a request to an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToIdp {
    /// SAML 2.0: it posts a form.
    Post(PostToIdp),
    /// WS-Federation: it goes to this address.
    Address(String),
}

impl ToIdp {
    /// The protocol.
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Post(_) => Protocol::Saml,
            Self::Address(_) => Protocol::WsFederation,
        }
    }
}

/// How many people may be on their way at once, and for how long.
const MOST_PENDING: usize = 10_000;
const PENDING_LIFE: Duration = Duration::minutes(10);

impl Simulator {
    /// A simulator for one tenant, nobody signed in.
    pub fn new(tenant: Tenant, settings: Settings) -> Self {
        Self {
            tenant: RwLock::new(Arc::new(tenant)),
            settings,
            pending: PendingRequests::new(MOST_PENDING, PENDING_LIFE),
            outcomes: Outcomes::default(),
            access_tokens: AccessTokens::default(),
        }
    }

    /// The tenant as it is now.
    pub fn tenant(&self) -> Arc<Tenant> {
        // Whoever panicked while holding the lock did not leave half a tenant: it is put in whole.
        let tenant = self.tenant.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&tenant)
    }

    /// Puts another tenant in its place, as an administrator changes one by Graph. Who is on the
    /// way is judged by what holds when the answer comes.
    pub fn replace_tenant(&self, tenant: Tenant) {
        let mut current = self.tenant.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(tenant);
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

    /// Takes a typed name, and makes the request for it. `written_by` says who writes the address of
    /// one by WS-Federation.
    ///
    /// # Errors
    /// The outcome, a refusal, which is recorded.
    pub fn begin(
        &self,
        typed: &str,
        address: Address,
        written_by: WrittenBy,
        now: OffsetDateTime,
    ) -> Result<Next, Box<Outcome>> {
        self.next_step(typed, address, written_by, now)
            .map_err(|refusal| {
                let typed = SignInName::parse(typed).ok().map(|name| name.to_string());
                Box::new(self.decide(None, typed, vec![], Decision::Refused(refusal), now))
            })
    }

    /// Judges an answer, and records the outcome.
    pub fn receive(&self, answer: Answer<'_>, now: OffsetDateTime) -> Outcome {
        let tenant = self.tenant();
        let verifier = Verifier {
            tenant: &tenant,
            expectations: &self.settings.expectations,
            pending: &self.pending,
        };
        let verdict = verifier.verify(answer, now);
        let (request_id, typed) = verdict
            .request
            .map(|request| (request.id, request.whom.typed().map(ToString::to_string)))
            .unzip();
        let decision = match verdict.result {
            Ok(signed_in) => Decision::SignedIn(Box::new(signed_in)),
            Err(refusal) => Decision::Refused(refusal),
        };
        self.decide(request_id, typed.flatten(), verdict.checks, decision, now)
    }

    /// Records a refusal of a message that could not even be taken for an answer.
    pub(super) fn refuse(&self, refusal: Refusal, now: OffsetDateTime) -> Outcome {
        self.decide(None, None, vec![], Decision::Refused(refusal), now)
    }

    fn next_step(
        &self,
        typed: &str,
        address: Address,
        written_by: WrittenBy,
        now: OffsetDateTime,
    ) -> Result<Next, Refusal> {
        let tenant = self.tenant();
        let name = SignInName::parse(typed)
            .map_err(|error| Aadsts::InvalidDomainName.refuse(format!("{error}.")))?;
        let found = discover(&tenant, &name, address, self.settings.resolve_foreign_email)?;
        let Realm::Federated(domain, federation) = found.realm else {
            return Ok(Next::AskPassword(Box::new(found.user.clone())));
        };
        let whom = Whom::User {
            typed: name,
            user_principal_name: found.user.user_principal_name.clone(),
        };
        let there = (domain, federation);
        let journey = self.send(whom, found.found_by, there, written_by, now);
        Ok(Next::GoToIdp(Box::new(journey)))
    }

    /// Takes the domain that a link names (`domain_hint`, `whr`), and makes the request to its federation
    /// without looking anybody up. `None` where there is no such federation, or where the link names a
    /// user of the tenant besides, who is asked for then.
    pub fn begin_at_domain(
        &self,
        domain: &str,
        login_hint: Option<&str>,
        now: OffsetDateTime,
    ) -> Option<Journey> {
        let tenant = self.tenant();
        let domain = DomainName::parse(domain).ok()?;
        let (domain, federation) = federation_of(&tenant, &domain)?;
        let hinted = login_hint.and_then(|name| SignInName::parse(name).ok());
        let names_a_user = |name: &SignInName| tenant.domain(name.domain()).is_some();
        if hinted.as_ref().is_some_and(names_a_user) {
            return None;
        }
        let whom = Whom::AnybodyOf {
            domain: domain.name.clone(),
            hinted,
        };
        let there = (domain, federation);
        Some(self.send(whom, FoundBy::DomainHint, there, WrittenBy::Server, now))
    }

    /// Makes the request to a federation, and remembers it.
    fn send(
        &self,
        whom: Whom,
        found_by: FoundBy,
        (domain, federation): (&Domain, &InternalDomainFederation),
        written_by: WrittenBy,
        now: OffsetDateTime,
    ) -> Journey {
        let names = Names {
            typed: whom.typed(),
            cloud_upn: whom.user_principal_name(),
        };
        let uri = &federation.passive_sign_in_uri;
        let (request_id, state, request) = match federation.preferred_authentication_protocol {
            PreferredAuthenticationProtocol::Saml => {
                let asked = AuthnRequest::new(self.audience(), now);
                let post = asked.post_to(uri, self.settings.saml_hints, names);
                (asked.id, post.relay_state.clone(), ToIdp::Post(post))
            }
            PreferredAuthenticationProtocol::WsFed => {
                let asked = SignInRequest::new(self.audience(), written_by);
                let to = asked.address(uri, self.settings.ws_federation_hints, names);
                (asked.client_request_id, asked.context, ToIdp::Address(to))
            }
        };
        self.pending.remember(PendingRequest {
            protocol: request.protocol(),
            id: request_id.clone(),
            state,
            whom: whom.clone(),
            sent_at: now,
        });
        Journey {
            whom,
            found_by,
            brand: federation.display_name.clone(),
            domain: domain.name.to_string(),
            request_id,
            request,
        }
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
