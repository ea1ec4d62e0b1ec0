//! Whoever comes to a page of our own, without being sent by a relying party: she signs in for the
//! page itself.

use hyper::Method;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{
    http::{Form, Request, Response, response::Redirect},
    observe::CorrelationId,
    signin::{Problem, Session, SessionToken, Source, Typed, Visit},
};

use super::{
    IdentityProvider, MAX_NAME,
    applications::APPLICATIONS_PATH,
    arrival::hint,
    browser::{self, Browser},
    refusal::Refused,
    reply::SignInForm,
    seal::Sealed,
    start::{Behind, START_PATH, go, going_on},
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
#[derive(Serialize, Deserialize)]
struct Visitor {
    correlation: CorrelationId,
    door: Door,
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
        let hint = hint(None, [&request.query()?, &Form::default()]);
        let session = match browser::session_token(request) {
            Some(token) => self.sign_in.session(&token, hint.as_deref()).await,
            None => None,
        };
        if let Some(session) = session {
            return Ok(Ok(Box::new(session)));
        }
        let visitor = Visitor::new(door, correlation);
        let name = hint.unwrap_or_default();
        self.ask_visitor(visitor, &Browser::of(request)?, None, &name)
            .map(Err)
    }

    fn ask_visitor(
        &self,
        visitor: Visitor,
        browser: &Browser,
        problem: Option<Problem>,
        name: &str,
    ) -> Result<Response, Refused> {
        let correlation = visitor.correlation.clone();
        let application = match &visitor.door {
            Door::Applications | Door::Start => None,
            Door::Application(id) => Some(self.trusts.application(id).ok_or(Refused::NotFound)?),
        };
        let action = visitor.door.path();
        let state = self
            .seal
            .seal(visitor, &browser.id, OffsetDateTime::now_utc())?;
        let mut answer = self.sign_in_page(SignInForm {
            action: &action,
            leads_to: application.map_or("your applications", |it| &it.name),
            state: &state,
            name,
            problem,
            correlation: &correlation,
        })?;
        browser.remember(&mut answer)?;
        Ok(answer)
    }

    async fn sign_visitor_in(&self, request: &Request) -> Result<Response, Refused> {
        if !self.is_from_our_own_page(request) {
            return Err(Refused::ForeignForm);
        }
        let browser = Browser::of(request)?;
        let form = request.form()?;
        let state = form.single("state")?.unwrap_or("");
        let now = OffsetDateTime::now_utc();
        let visitor: Visitor = self.seal.open(state, &browser.id, now)?;
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
        let answer = match visit.await {
            Visit::Prompt(problem) => self.ask_visitor(visitor, &browser, Some(problem), shown),
            Visit::ChangePassword => self.new_password_alone(shown, &correlation),
            Visit::SignedIn(token, session) => self
                .let_in(&visitor.door, &session, &correlation)
                .and_then(|answer| with_session(answer, &token)),
            Visit::Failed => Err(Refused::Internal(
                "no random number, or the store failed".into(),
            )),
        };
        Ok(answer.unwrap_or_else(|refused| self.refusal_page(&refused, &correlation)))
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
