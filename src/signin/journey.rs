use std::{sync::Arc, time::Duration};

use time::OffsetDateTime;

use crate::{
    directory::{BindError, DirectoryError, Password},
    observe::audit,
    realm::{MappedAccount, MappingError, Realm, SignInName},
    store::Store,
    trust::{Subject, Trusts},
};

use super::{
    Answered, BrowserId, Grant, Problem, Proof, Refusal, Session, SessionToken, Sessions,
    SignInRequest, Step,
};

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// From the password to the end of the session.
    pub session_lifetime: Duration,
    /// From a request's answer to when it is forgotten: longer than it can be brought again.
    pub answers_kept: Duration,
}

/// Runs sign-ins.
pub struct SignIn {
    realm: Arc<Realm>,
    trusts: Arc<Trusts>,
    sessions: Sessions,
    answered: Answered,
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
            answered: Answered::new(store, settings.answers_kept),
        }
    }

    /// A request has come: a live session may answer it, else the person is asked.
    pub async fn begin(
        &self,
        request: &SignInRequest,
        browser: &BrowserId,
        token: Option<&SessionToken>,
    ) -> Step {
        if !request.fresh
            && let Some(session) = self.live_session(token).await
            && hint_agrees(request.hint.as_deref(), &session)
        {
            return match self.may_grant(request, browser, &session).await {
                Ok(issuer) => granted(&session, issuer, Proof::Session, None),
                Err(refusal) => Step::Refused(refusal),
            };
        }
        if request.passive {
            return Step::Refused(Refusal::NoPassive);
        }
        Step::Prompt(None)
    }

    /// The person has typed a name and a password.
    ///
    /// A session that this browser had before ends: two people must not share one.
    pub async fn prove(
        &self,
        request: &SignInRequest,
        browser: &BrowserId,
        previous: Option<&SessionToken>,
        name: &str,
        password: &str,
    ) -> Step {
        if name.trim().is_empty() || password.is_empty() {
            return Step::Prompt(Some(Problem::Incomplete));
        }
        let (name, account) = match self.prove_password(name, password).await {
            Ok(proven) => proven,
            Err(failure) => {
                audit::sign_in_failed(
                    &request.correlation,
                    &request.relying_party,
                    failure.name.as_deref(),
                    &failure.cause,
                );
                return Step::Prompt(Some(failure.problem));
            }
        };
        audit::signed_in(
            &request.correlation,
            &request.relying_party,
            &name.key(),
            account.cloud_upn(),
        );
        let subject = Subject {
            immutable_id: account.immutable_id().as_str().to_owned(),
            cloud_upn: account.cloud_upn().to_owned(),
            display_name: Some(account.display_name().to_owned()),
        };
        let now = OffsetDateTime::now_utc();
        let suffix = account.federated_domain().suffix.as_ascii();
        let Ok(session) = Session::new(&name.key(), &subject, suffix, now) else {
            return Step::Refused(Refusal::Internal);
        };
        // Before anything changes: a refused request must end no session and begin none.
        let issuer = match self.may_grant(request, browser, &session).await {
            Ok(issuer) => issuer,
            Err(refusal) => return Step::Refused(refusal),
        };
        if let Some(previous) = previous
            && self.sessions.end(previous).await.is_err()
        {
            return Step::Refused(Refusal::Internal);
        }
        let Ok(token) = self.sessions.begin(&session).await else {
            return Step::Refused(Refusal::Internal);
        };
        granted(&session, issuer, Proof::Password, Some(token))
    }

    async fn live_session(&self, token: Option<&SessionToken>) -> Option<Session> {
        self.sessions.find(token?).await
    }

    /// Names that lead to no account cost a bind too, and get the same answer: neither text nor
    /// work tells which names exist.
    async fn prove_password(
        &self,
        typed: &str,
        password: &str,
    ) -> Result<(SignInName, MappedAccount), Failure> {
        let name = SignInName::parse(typed)
            .map_err(|error| Failure::not_recognised(None, error.to_string()))?;
        let Ok(password) = Password::parse(password) else {
            return Err(Failure::not_recognised(
                Some(&name),
                "not a password".into(),
            ));
        };
        let account = match self.realm.find(&name).await {
            Ok(account) => account,
            Err(MappingError::Directory(error)) => return Err(Failure::directory(&name, &error)),
            Err(error) => {
                if let Err(down) = self.realm.decoy(&name, &password).await {
                    return Err(Failure::directory(&name, &down));
                }
                return Err(Failure::not_recognised(Some(&name), error.to_string()));
            }
        };
        match self.realm.prove(&account, &password).await {
            Ok(_) => Ok((name, account)),
            Err(BindError::Directory(error)) => Err(Failure::directory(&name, &error)),
            // Whoever has the right password may know why it does not help; nobody else.
            Err(BindError::State(state)) if state.password_was_right() => Err(Failure {
                problem: Problem::Account(state),
                name: Some(name.key()),
                cause: format!("right password, but the account's state is {state:?}"),
            }),
            Err(error) => Err(Failure::not_recognised(Some(&name), error.to_string())),
        }
    }

    /// The issuer that speaks for the session's person, when this request may be answered to this
    /// browser. Asking counts as answering.
    async fn may_grant(
        &self,
        request: &SignInRequest,
        browser: &BrowserId,
        session: &Session,
    ) -> Result<String, Refusal> {
        let domain = self
            .trusts
            .domain(&session.suffix)
            .ok_or(Refusal::NotTrusted)?;
        if self.trusts.relying_party(&request.relying_party).is_none() {
            return Err(Refusal::NotTrusted);
        }
        let now = OffsetDateTime::now_utc();
        match self.answered.may_answer(request, browser, now).await {
            Ok(true) => Ok(domain.issuer.clone()),
            Ok(false) => Err(Refusal::AlreadyAnswered),
            Err(_) => Err(Refusal::Internal),
        }
    }
}

fn granted(
    session: &Session,
    issuer: String,
    proof: Proof,
    new_session: Option<SessionToken>,
) -> Step {
    Step::Granted(Box::new(Grant {
        subject: session.subject(),
        issuer,
        authn_instant: session.authn_instant(),
        session_index: session.session_index.clone(),
        proof,
        new_session,
    }))
}

/// A hint that names somebody else than the live session asks instead of assuming, so that a
/// shared computer never signs the wrong person in.
fn hint_agrees(hint: Option<&str>, session: &Session) -> bool {
    let Some(hint) = hint else {
        return true;
    };
    // Nearly always it is one of the two to the letter.
    if hint == session.sign_in_name || hint == session.cloud_upn {
        return true;
    }
    let Ok(hint) = SignInName::parse(hint) else {
        return false;
    };
    [&session.sign_in_name, &session.cloud_upn]
        .into_iter()
        .any(|name| SignInName::parse(name).is_ok_and(|name| name == hint))
}

struct Failure {
    problem: Problem,
    name: Option<String>,
    cause: String,
}

impl Failure {
    fn not_recognised(name: Option<&SignInName>, cause: String) -> Self {
        Self {
            problem: Problem::NotRecognised,
            name: name.map(SignInName::key),
            cause,
        }
    }

    fn directory(name: &SignInName, error: &DirectoryError) -> Self {
        let problem = match error {
            DirectoryError::Busy => Problem::Busy,
            _ => Problem::DirectoryDown,
        };
        Self {
            problem,
            name: Some(name.key()),
            cause: error.to_string(),
        }
    }
}
