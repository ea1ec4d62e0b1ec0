//! Whoever comes to a page of our own, without being sent by a relying party: she signs in for the
//! page itself.

use hyper::Method;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{
    http::{Form, Request, Response, response::Redirect},
    observe::CorrelationId,
    signin::{BrowserId, Discovered, Problem, Session, SessionToken, Source, Typed, Visit},
};

use super::{
    IdentityProvider, MAX_NAME,
    applications::APPLICATIONS_PATH,
    arrival::Hints,
    browser::{self, Browser},
    refusal::Refused,
    reply::SignInForm,
    seal::Sealed,
    start::{Behind, START_PATH, go, going_on},
    waiting::{Goal, Waiting},
};

/// Which page of ours she came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Door {
    /// The list of what she may open.
    Applications,
    /// The front door: straight on, if there is one thing only that she may open.
    Start,
    /// The front door of the application with this id.
    Application(String),
}

impl Door {
    /// Where it is, below the base URL. An application's id stands in an address as it is.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Applications => APPLICATIONS_PATH.to_owned(),
            Self::Start => START_PATH.to_owned(),
            Self::Application(id) => format!("{START_PATH}/{id}"),
        }
    }
}

/// What the sign-in page of such a page carries: that it was made here, for this browser, and where she
/// is going.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Visitor {
    pub(super) correlation: CorrelationId,
    pub(super) door: Door,
}

impl Sealed for Visitor {
    const KIND: &'static str = "visitor";
}

impl Visitor {
    fn new(door: Door, correlation: &CorrelationId) -> Self {
        Self {
            correlation: correlation.clone(),
            door,
        }
    }
}

impl IdentityProvider {
    /// The session of whoever comes to this door; else the page that asks for name and password, or
    /// what came of typing them.
    ///
    /// A link may name whom it was made for. A session that is somebody else's does not count then.
    pub(super) async fn visitor(
        &self,
        request: &Request,
        door: Door,
        correlation: &CorrelationId,
    ) -> Result<Result<Box<Session>, Response>, Refused> {
        if request.method == Method::POST {
            return self.sign_visitor_in(request).await.map(Err);
        }
        let hints = Hints::of(None, [&request.query()?, &Form::default()]);
        let session = match browser::session_token(request) {
            Some(token) => self.sign_in.session(&token, hints.name.as_deref()).await,
            None => None,
        };
        if let Some(session) = session {
            return Ok(Ok(Box::new(session)));
        }
        let visitor = Visitor::new(door, correlation);
        let browser = Browser::of(request)?;
        let source = Source::from(self.edge.proxies.client_of(request));
        let name = hints.name.as_deref();
        let first = (self.sign_in).first_question(name, hints.home_realm.as_ref(), &source);
        let mut answer = match first {
            Discovered::Here => {
                self.ask_visitor(visitor, &browser.id, None, name.unwrap_or_default())
            }
            Discovered::Elsewhere(elsewhere) => {
                let waiting = Waiting::for_goal(Goal::Own(visitor));
                self.lead(request, waiting, elsewhere, &browser.id, name)
                    .await
            }
            Discovered::Nowhere => {
                let waiting = Waiting::for_goal(Goal::Own(visitor));
                self.ask_name(request, waiting, &browser.id, None, None)
            }
        }?;
        browser.remember(&mut answer)?;
        Ok(Err(answer))
    }

    pub(super) fn ask_visitor(
        &self,
        visitor: Visitor,
        browser: &BrowserId,
        problem: Option<Problem>,
        name: &str,
    ) -> Result<Response, Refused> {
        let correlation = visitor.correlation.clone();
        let leads_to = self.behind_door(&visitor.door)?;
        let action = visitor.door.path();
        let state = self
            .seal
            .seal(visitor, browser, OffsetDateTime::now_utc())?;
        self.sign_in_page(SignInForm {
            action: &action,
            leads_to,
            state: &state,
            name,
            problem,
            correlation: &correlation,
        })
    }

    /// What stands behind a door, in words.
    pub(super) fn behind_door(&self, door: &Door) -> Result<&str, Refused> {
        Ok(match door {
            Door::Applications | Door::Start => "your applications",
            Door::Application(id) => &self.trusts.application(id).ok_or(Refused::NotFound)?.name,
        })
    }

    async fn sign_visitor_in(&self, request: &Request) -> Result<Response, Refused> {
        if !self.is_from_our_own_page(request) {
            return Err(Refused::ForeignForm);
        }
        let browser = Browser::of(request)?.id;
        let form = request.form()?;
        let state = form.single("state")?.unwrap_or("");
        let now = OffsetDateTime::now_utc();
        let visitor: Visitor = self.seal.open(state, &browser, now)?;
        if form.single("another")?.is_some() && self.sign_in.asks_name_first() {
            return self.ask_another(Waiting::for_goal(Goal::Own(visitor)), &browser);
        }
        let correlation = visitor.correlation.clone();
        let name = form.single("name")?.unwrap_or("");
        let password = Zeroizing::new(form.single("password")?.unwrap_or("").to_owned());
        let previous = browser::session_token(request);
        let source = Source::from(self.edge.proxies.client_of(request));
        let typed = Typed {
            name,
            password: &password,
            source: &source,
        };
        let visit = self.sign_in.visit(&correlation, previous.as_ref(), typed);
        let shown = if name.len() <= MAX_NAME { name } else { "" };
        let answer = self.receive(request, visitor, visit.await, &browser, Some(shown));
        let answer = answer.await;
        Ok(answer.unwrap_or_else(|refused| self.refusal_page(&refused, &correlation)))
    }

    /// What comes of a visit. `typed` is the name that she typed last.
    pub(super) async fn receive(
        &self,
        request: &Request,
        visitor: Visitor,
        visit: Visit,
        browser: &BrowserId,
        typed: Option<&str>,
    ) -> Result<Response, Refused> {
        let shown = typed.unwrap_or("");
        let correlation = visitor.correlation.clone();
        match visit {
            Visit::Prompt(problem) => self.ask_visitor(visitor, browser, Some(problem), shown),
            Visit::AskName(problem) => {
                let waiting = Waiting::for_goal(Goal::Own(visitor));
                self.ask_name(request, waiting, browser, typed, Some(problem))
            }
            Visit::Elsewhere(elsewhere) => {
                let waiting = Waiting::for_goal(Goal::Own(visitor));
                self.lead(request, waiting, elsewhere, browser, typed).await
            }
            Visit::AlreadyAnswered => Err(Refused::AnsweredQuestion),
            Visit::ChangePassword => {
                self.new_password_step(Goal::Own(visitor), browser, shown, None)
            }
            Visit::SignedIn(token, session) => self
                .let_in(&visitor.door, &session, &correlation)
                .and_then(|answer| with_session(answer, &token)),
            Visit::Failed => Err(Refused::Internal(
                "no random number, or the store failed".into(),
            )),
        }
    }

    /// Answers the form of somebody who has just signed in.
    fn let_in(
        &self,
        door: &Door,
        session: &Session,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        match self.behind(door, session, correlation)? {
            // With GET, so that the form is not sent again.
            Behind::List => go(Redirect::SeeOther, APPLICATIONS_PATH),
            // Browsers hold each redirect that follows a form to the page's policy, which names
            // nobody else's address. So a page leads on.
            Behind::Link(link) => going_on(&link),
            Behind::Nothing(page) => Ok(page),
        }
    }
}

fn with_session(mut answer: Response, token: &SessionToken) -> Result<Response, Refused> {
    browser::set_session(token, &mut answer)?;
    Ok(answer)
}
