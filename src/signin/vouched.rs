//! People of whom an upstream identity provider says who they are.
//!
//! Its word is worth as much as a password, and no more: whose account the address is, and whether that
//! one may sign in, is decided as for anybody. It counts for the name that the routes send to this
//! upstream, once, and for the person who was expected.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use time::OffsetDateTime;

use crate::{
    keys::KeyError,
    observe::{CorrelationId, audit},
    realm::{Arriving, HomeRealm, MappedAccount, MappingError, SignInName},
    store::Kind,
    upstream::{Asserted, Expected},
};

use super::{
    BrowserId, Participant, Proof, Refusal, Session, SessionToken, SignIn, SignInRequest, Source,
    Step, Visit, failure::Failure, hint::names, home_realm::Elsewhere, journey::granted,
    subject_of,
};

/// An upstream's answer, as a browser brought it.
#[derive(Clone, Copy, Debug)]
pub struct Brought<'a> {
    /// What it says.
    pub asserted: &'a Asserted,
    /// The question that it answers.
    pub question: &'a Expected,
    /// Who was expected to come back, if anybody.
    pub expected: Option<&'a str>,
    /// Where it came from.
    pub source: &'a Source,
}

/// Longer than a question can be answered.
const KEPT: Duration = Duration::from_secs(2 * 60 * 60);

impl SignIn {
    /// An upstream has answered for somebody who goes on to a relying party.
    ///
    /// A session that this browser had before ends: two people must not share one.
    pub async fn accept(
        &self,
        request: &SignInRequest,
        browser: &BrowserId,
        previous: Option<&SessionToken>,
        brought: Brought<'_>,
    ) -> Step {
        let asking = Some(Participant::of(request));
        let mut session = match self.believe(&request.correlation, asking, brought).await {
            Ok(session) => session,
            Err(Disbelief::Failed(failure)) => return failure.step(),
            Err(Disbelief::Again) => return Step::Refused(Refusal::AlreadyAnswered),
            Err(Disbelief::Internal) => return Step::Refused(Refusal::Internal),
        };
        let issuer = match self.may_grant(request, browser, &session).await {
            Ok(issuer) => issuer,
            Err(refusal) => return Step::Refused(refusal),
        };
        match self.succeed(previous, &mut session).await {
            Ok(token) => granted(request, session, issuer, Proof::Upstream, Some(token)),
            Err(_) => Step::Refused(Refusal::Internal),
        }
    }

    /// An upstream has answered for somebody who goes on to a page of our own.
    pub async fn accept_visitor(
        &self,
        correlation: &CorrelationId,
        previous: Option<&SessionToken>,
        brought: Brought<'_>,
    ) -> Visit {
        let mut session = match self.believe(correlation, None, brought).await {
            Ok(session) => session,
            Err(Disbelief::Failed(failure)) => return failure.visit(),
            Err(Disbelief::Again) => return Visit::AlreadyAnswered,
            Err(Disbelief::Internal) => return Visit::Failed,
        };
        match self.succeed(previous, &mut session).await {
            Ok(token) => Visit::SignedIn(token, Box::new(session)),
            Err(_) => Visit::Failed,
        }
    }

    /// What she is known by from here on, not kept yet. How it came out is noted.
    async fn believe(
        &self,
        correlation: &CorrelationId,
        asking: Option<Participant>,
        brought: Brought<'_>,
    ) -> Result<Session, Disbelief> {
        self.answer_once(brought.question).await?;
        let relying_party = asking.as_ref().map(|asking| asking.relying_party.as_str());
        let protocol = asking.as_ref().map(|asking| asking.protocol.as_str());
        let asserted = brought.asserted;
        let outcome = self.account_of(brought).await;
        let audit = audit::Vouched {
            correlation,
            relying_party,
            protocol,
            upstream: asserted.upstream(),
            name: &SignInName::from(asserted.address().clone()).key(),
            source: &brought.source.to_string(),
        };
        let account = match outcome {
            Ok(account) => account,
            Err(failure) => {
                audit.refused(&failure.cause);
                return Err(Disbelief::Failed(failure));
            }
        };
        let subject = match subject_of(&self.realm, self.trusts.needs(), &account).await {
            Ok(subject) => subject,
            Err(error) => {
                let failure = Failure::directory(&error);
                audit.refused(&failure.cause);
                return Err(Disbelief::Failed(failure));
            }
        };
        audit.accepted(&subject.cloud_upn);
        let now = OffsetDateTime::now_utc();
        Ok(Session::vouched_for(subject, asking, asserted, now)?)
    }

    /// Each question is answered once: an answer that is sent again is worth nothing, whoever sends
    /// it.
    async fn answer_once(&self, question: &Expected) -> Result<(), Disbelief> {
        let mut digest = Context::new(&SHA256);
        // The length keeps the two apart, whatever they consist of.
        digest.update(&question.upstream.len().to_be_bytes());
        digest.update(question.upstream.as_bytes());
        digest.update(question.request_id.as_bytes());
        let store = &self.store;
        let kind = Kind::AnsweredQuestion;
        let key = digest.finish();
        let earlier = store.put_if_absent(kind, key.as_ref(), Bytes::new(), KEPT);
        match earlier.await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(Disbelief::Again),
            Err(_) => Err(Disbelief::Internal),
        }
    }

    /// The account whose address it is, if she may sign in with it by this upstream.
    async fn account_of(&self, brought: Brought<'_>) -> Result<MappedAccount, Failure> {
        let asserted = brought.asserted;
        let name = SignInName::from(asserted.address().clone());
        let route = self.route(&name, brought.source);
        let home = HomeRealm::Upstream(asserted.upstream().to_owned());
        let is_hers = route.is_some_and(|route| route.to == home);
        let belongs_elsewhere = || {
            Failure::no_account(match route {
                Some(route) => format!(
                    "her address belongs elsewhere, by the route {:?}",
                    route.name
                ),
                None => "her address belongs nowhere, by the routes".to_owned(),
            })
        };
        // A route for a group may have led her here, after a first proof elsewhere.
        let mut all = self.realm.routes().iter();
        if !is_hers && !all.any(|route| !route.when.groups.is_empty() && route.to == home) {
            return Err(belongs_elsewhere());
        }
        let account = self.realm.find(&name).await.map_err(unmapped)?;
        self.is_expected(brought.expected, &account).await?;
        match self.realm.look_again(&account).await {
            Ok(None) => {}
            // About a password that she has not used.
            Ok(Some(state)) if state.is_ended_by_a_new_password() => {}
            Ok(Some(state)) => return Err(Failure::vouched_state(state)),
            Err(error) => return Err(unmapped(error)),
        }
        match self.member_route(&name, &account, brought.source).await? {
            Some(elsewhere) if elsewhere != Elsewhere::Upstream(asserted.upstream().to_owned()) => {
                Err(Failure::by_group(elsewhere))
            }
            None if !is_hers => Err(belongs_elsewhere()),
            _ => Ok(account),
        }
    }

    /// Where somebody goes on to who has proven who she is, because of a group that she is in.
    pub(super) async fn member_route(
        &self,
        name: &SignInName,
        account: &MappedAccount,
        source: &Source,
    ) -> Result<Option<Elsewhere>, Failure> {
        let routes = self.realm.routes();
        let groups = routes.groups();
        if groups.is_empty() {
            return Ok(None);
        }
        let is_in = self.realm.groups_of(account, &groups).await;
        let is_in = is_in.map_err(|error| Failure::directory(&error).of(Some(name.key())))?;
        let arriving = Arriving {
            name: Some(name),
            home_realm_hint: None,
            source: source.address(),
        };
        let route = routes.of_member(arriving, &is_in);
        Ok(route.and_then(|route| Elsewhere::by(&route.to, Some(name))))
    }

    /// A computer on which somebody else is signed in at the upstream must not sign her in here.
    async fn is_expected(
        &self,
        expected: Option<&str>,
        account: &MappedAccount,
    ) -> Result<(), Failure> {
        let Some(expected) = expected else {
            return Ok(());
        };
        if names(expected, &account.name().key(), account.cloud_upn()) {
            return Ok(());
        }
        // Another of her addresses, perhaps.
        let Ok(name) = SignInName::parse(expected) else {
            return Err(Failure::somebody_else());
        };
        match self.realm.find(&name).await {
            Ok(other) if other.immutable_id() == account.immutable_id() => Ok(()),
            Err(MappingError::Directory(error)) => Err(Failure::directory(&error)),
            _ => Err(Failure::somebody_else()),
        }
    }
}

/// Why nobody is signed in by an upstream's answer.
enum Disbelief {
    /// For this reason, which she may be told.
    Failed(Failure),
    /// It has been brought before.
    Again,
    /// A random number could not be had, or the store failed.
    Internal,
}

impl From<KeyError> for Disbelief {
    fn from(_: KeyError) -> Self {
        Self::Internal
    }
}

fn unmapped(error: MappingError) -> Failure {
    match error {
        MappingError::Directory(error) => Failure::directory(&error),
        error => Failure::no_account(error.to_string()),
    }
}
