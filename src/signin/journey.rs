use std::{sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::time::Instant;

use crate::{
    keys::KeyError,
    observe::{CorrelationId, audit},
    realm::Realm,
    store::Store,
    trust::{Subject, Trusts},
    upstream::Factors,
};

use super::{
    Answered, BrowserId, Confirmations, Discovered, Grant, Guard, GuardRules, Participant, Problem,
    Proof, Refusal, Session, SessionToken, Sessions, SignInRequest, Source, Step, Surroundings,
    Verdict, failure::Failure, hint::hints_agree, message::RecentMessages,
    participants::Participants, subject_of,
};

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// From the password to the end of the session.
    pub session_lifetime: Duration,
    /// From a request's answer to when it is forgotten: longer than it can be brought again.
    pub answers_kept: Duration,
    /// How many failures are borne.
    pub guard: GuardRules,
}

/// What a person typed, and from where it came.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    /// The name.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// Where it came from.
    pub source: &'a Source,
}

/// Runs sign-ins.
pub struct SignIn {
    pub(super) realm: Arc<Realm>,
    pub(super) trusts: Arc<Trusts>,
    pub(super) sessions: Sessions,
    pub(super) participants: Participants,
    pub(super) store: Arc<dyn Store>,
    confirmations: Confirmations,
    answered: Answered,
    pub(super) guard: Guard,
    pub(super) recent: RecentMessages,
    pub(super) surroundings: Surroundings,
}

impl SignIn {
    /// Sign-ins of the accounts of `realm` at the relying parties of `trusts`.
    pub fn new(
        realm: Arc<Realm>,
        trusts: Arc<Trusts>,
        store: Arc<dyn Store>,
        settings: Settings,
    ) -> Self {
        Self {
            realm,
            trusts,
            sessions: Sessions::new(store.clone(), settings.session_lifetime),
            participants: Participants::new(store.clone(), settings.session_lifetime),
            confirmations: Confirmations::new(store.clone()),
            answered: Answered::new(store.clone(), settings.answers_kept),
            guard: Guard::new(store.clone(), settings.guard),
            recent: RecentMessages::new(store.clone()),
            store,
            surroundings: Surroundings::default(),
        }
    }

    /// What relying parties have answered that were told of a session's end.
    pub fn confirmations(&self) -> &Confirmations {
        &self.confirmations
    }

    /// A request has come: a live session may answer it, else the person is asked.
    pub async fn begin(
        &self,
        request: &SignInRequest,
        browser: &BrowserId,
        token: Option<&SessionToken>,
        source: &Source,
    ) -> Step {
        if let Some(token) = token
            && let Some(session) = self.live_session(request, token).await
        {
            let issuer = match self.may_grant(request, browser, &session).await {
                Ok(issuer) => issuer,
                Err(refusal) => return Step::Refused(refusal),
            };
            // Who would not hear of the session's end must not be told of the session. Boxed, since
            // most sessions have one relying party.
            let first = session.first_participant.as_ref();
            if !first.is_some_and(|first| first.asks(request)) {
                let asking = Participant::of(request);
                if Box::pin(self.participants.add(token, &asking))
                    .await
                    .is_err()
                {
                    return Step::Refused(Refusal::Internal);
                }
            }
            return granted(request, session, issuer, Proof::Session, None);
        }
        if request.passive {
            return Step::Refused(Refusal::NoPassive);
        }
        let hint = request.hint.as_deref();
        match self.first_question(hint, request.home_realm_hint.as_ref(), source) {
            Discovered::Here => Step::Prompt(None),
            Discovered::Elsewhere(elsewhere) => Step::Elsewhere(elsewhere),
            Discovered::Nowhere => Step::AskName(None),
        }
    }

    /// The person has typed a name and a password.
    ///
    /// A session that this browser had before ends: two people must not share one.
    pub async fn prove(
        &self,
        request: &SignInRequest,
        browser: &BrowserId,
        previous: Option<&SessionToken>,
        typed: Typed<'_>,
    ) -> Step {
        if typed.name.trim().is_empty() || typed.password.is_empty() {
            return Step::Prompt(Some(Problem::Incomplete));
        }
        match self.instead_of_password(typed.name, typed.source) {
            Some(Discovered::Elsewhere(elsewhere)) => return Step::Elsewhere(elsewhere),
            Some(_) => return Step::AskName(Some(Problem::NoHome)),
            None => {}
        }
        let asking = Some(Participant::of(request));
        let mut session = match self.authenticate(&request.correlation, asking, typed).await {
            Ok(Ok(session)) => session,
            Ok(Err(_)) => return Step::Refused(Refusal::Internal),
            Err(failure) => return failure.step_at_password(),
        };
        // Before anything changes: a refused request must end no session and begin none.
        let issuer = match self.may_grant(request, browser, &session).await {
            Ok(issuer) => issuer,
            Err(refusal) => return Step::Refused(refusal),
        };
        match self.succeed(previous, &mut session).await {
            Ok(token) => granted(request, session, issuer, Proof::Password, Some(token)),
            Err(_) => Step::Refused(Refusal::Internal),
        }
    }

    /// The person whose name and password these are, by whatever door they came, or by none: what she
    /// is known by from here on, not kept yet. How it came out is noted, and a refusal takes its time.
    pub(super) async fn authenticate(
        &self,
        correlation: &CorrelationId,
        asking: Option<Participant>,
        typed: Typed<'_>,
    ) -> Result<Result<Session, KeyError>, Failure> {
        let arrival = Instant::now();
        let relying_party = asking.as_ref().map(|asking| asking.relying_party.as_str());
        let protocol = asking.as_ref().map(|asking| asking.protocol.as_str());
        let subject = match self.person(typed).await {
            Ok(subject) => subject,
            Err(failure) => {
                if failure.verdict == Verdict::Wrong {
                    self.guard.until_refusal(arrival).await;
                }
                audit::sign_in_failed(
                    correlation,
                    relying_party,
                    protocol,
                    failure.name.as_deref(),
                    typed.source,
                    &failure.cause,
                );
                return Err(failure);
            }
        };
        audit::signed_in(
            correlation,
            relying_party,
            protocol,
            &subject.sign_in_name,
            typed.source,
            &subject.cloud_upn,
        );
        Ok(Session::new(subject, asking, OffsetDateTime::now_utc()))
    }

    /// The person behind a name and its password, with what rules ask to be known of her.
    async fn person(&self, typed: Typed<'_>) -> Result<Subject, Failure> {
        let (name, account) = self.prove_password(typed).await?;
        if let Some(elsewhere) = self.member_route(&name, &account, typed.source).await? {
            return Err(Failure::by_group(elsewhere).of(Some(name.key())));
        }
        let mut subject = subject_of(&self.realm, self.trusts.needs(), &account)
            .await
            .map_err(|error| Failure::directory(&error).of(Some(name.key())))?;
        self.note_password_expiry(&mut subject, &account);
        Ok(subject)
    }

    /// The session that may answer this request.
    async fn live_session(&self, request: &SignInRequest, token: &SessionToken) -> Option<Session> {
        if request.max_age == Some(Duration::ZERO) {
            return None;
        }
        let session = self.sessions.find(token).await?;
        let is_young_enough = request
            .max_age
            .is_none_or(|max_age| OffsetDateTime::now_utc() - session.authn_instant() < max_age);
        // More may be proven where it was proven before; here there is no more to be had.
        let is_strong_enough = !request.several_factors
            || session.factors() == Factors::Several
            || session.upstream().is_none();
        (is_young_enough && is_strong_enough && hints_agree(request, &session)).then_some(session)
    }

    /// The issuer that speaks for the session's person, when this request may be answered to this
    /// browser. Asking counts as answering.
    pub(super) async fn may_grant(
        &self,
        request: &SignInRequest,
        browser: &BrowserId,
        session: &Session,
    ) -> Result<String, Refusal> {
        let subject = &session.subject;
        let relying_party = self
            .trusts
            .relying_party(&request.relying_party)
            .ok_or(Refusal::NotTrusted)?;
        let issuer = self
            .trusts
            .issuer(&relying_party, &subject.suffix)
            .ok_or(Refusal::NotTrusted)?;
        if let Err(cause) = relying_party.permits(subject) {
            audit::not_permitted(
                &request.correlation,
                &request.relying_party,
                &subject.sign_in_name,
                &subject.cloud_upn,
                &cause.to_string(),
            );
            return Err(Refusal::NotPermitted);
        }
        let now = OffsetDateTime::now_utc();
        match self.answered.may_answer(request, browser, now).await {
            Ok(true) => Ok(issuer.to_owned()),
            Ok(false) => Err(Refusal::AlreadyAnswered),
            Err(_) => Err(Refusal::Internal),
        }
    }
}

pub(super) fn granted(
    request: &SignInRequest,
    session: Session,
    issuer: String,
    proof: Proof,
    new_session: Option<SessionToken>,
) -> Step {
    Step::Granted(Box::new(grant(
        request,
        session,
        issuer,
        proof,
        new_session,
    )))
}

/// The one place where a grant is made.
pub(super) fn grant(
    request: &SignInRequest,
    session: Session,
    issuer: String,
    proof: Proof,
    new_session: Option<SessionToken>,
) -> Grant {
    Grant {
        authn_instant: session.authn_instant(),
        session_index: session.index_at(&request.relying_party),
        factors: session.factors(),
        subject: session.subject,
        issuer,
        proof,
        new_session,
    }
}
