//! `/applications`: what a person may open, for whoever comes without being sent by anybody.
//!
//! It is the way in for partners whose email Entra's own page would not lead anywhere: they sign in
//! here, and each link says who they are by the name that the tenant knows. Who has not signed in
//! sees the sign-in page, and learns no name.

use askama::Template;
use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{
    http::{
        PageSecurity, Request, Response,
        response::{self, Redirect},
    },
    observe::CorrelationId,
    signin::{Problem, Session, SessionToken, Source, Typed, Visit},
};

use super::{
    IdentityProvider, MAX_NAME,
    browser::{self, Browser},
    pages::{ApplicationsPage, Link},
    refusal::Refused,
    reply::{SignInForm, nonce},
    seal::Sealed,
    unsolicited::link_to,
};

/// Below the base URL.
pub const APPLICATIONS_PATH: &str = "/applications";

/// What the sign-in page of this page carries: that it was made here, for this browser.
#[derive(Serialize, Deserialize)]
struct Visitor {
    correlation: CorrelationId,
}

impl Sealed for Visitor {
    const KIND: &'static str = "applications";
}

impl IdentityProvider {
    pub(super) async fn applications(
        &self,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        if !self.has_applications() {
            return Err(Refused::NotFound);
        }
        if request.method == Method::POST {
            return self.sign_visitor_in(request).await;
        }
        let session = match browser::session_token(request) {
            Some(token) => self.sign_in.session(&token).await,
            None => None,
        };
        match session {
            Some(session) => self.list(&session),
            None => self.ask_visitor(&Browser::of(request)?, correlation, None, ""),
        }
    }

    /// Whether there is anything to list, for anybody.
    pub(super) fn has_applications(&self) -> bool {
        let mut parties = self.trusts.relying_parties().into_iter();
        !self.trusts.applications().is_empty() || parties.any(|party| party.idp_initiated)
    }

    fn list(&self, session: &Session) -> Result<Response, Refused> {
        let subject = &session.subject;
        let parties = self.trusts.relying_parties();
        let parties = parties.iter().filter(|party| {
            party.idp_initiated && party.is_available() && party.permits(subject).is_ok()
        });
        let parties = parties.map(|party| Link {
            name: party.display_name.clone(),
            address: link_to(party),
        });
        let applications = self.trusts.applications().iter();
        let applications = applications.filter(|it| it.access.decide(subject).is_ok());
        let applications = applications.map(|application| Link {
            name: application.name.clone(),
            address: application.address(subject),
        });
        let nonce = nonce()?;
        let page = ApplicationsPage {
            nonce: nonce.as_str(),
            name: &subject.sign_in_name,
            links: &parties.chain(applications).collect::<Vec<_>>(),
        };
        let mut answer = response::html(StatusCode::OK, page.render()?);
        PageSecurity::new()
            .styles(&nonce)
            .strict_transport(true)
            .apply(&mut answer)?;
        Ok(answer)
    }

    fn ask_visitor(
        &self,
        browser: &Browser,
        correlation: &CorrelationId,
        problem: Option<Problem>,
        typed: &str,
    ) -> Result<Response, Refused> {
        let now = OffsetDateTime::now_utc();
        let visitor = Visitor {
            correlation: correlation.clone(),
        };
        let mut answer = self.sign_in_page(SignInForm {
            action: APPLICATIONS_PATH,
            leads_to: "your applications",
            state: &self.seal.seal(visitor, &browser.id, now)?,
            name: typed,
            problem,
            correlation,
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
        let Visitor { correlation } = self.seal.open(state, &browser.id, now)?;
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
            Visit::Prompt(problem) => {
                self.ask_visitor(&browser, &correlation, Some(problem), shown)
            }
            Visit::ChangePassword => self.new_password_alone(shown, &correlation),
            Visit::SignedIn(token) => signed_in(&token),
            Visit::Failed => Err(Refused::Internal(
                "no random number, or the store failed".into(),
            )),
        };
        Ok(answer.unwrap_or_else(|refused| self.refusal_page(&refused, &correlation)))
    }
}

/// Back to the page with GET, so that the form is not sent again.
fn signed_in(token: &SessionToken) -> Result<Response, Refused> {
    let mut answer = response::redirect(Redirect::SeeOther, APPLICATIONS_PATH)?;
    browser::set_session(token, &mut answer)?;
    PageSecurity::new()
        .strict_transport(true)
        .apply(&mut answer)?;
    Ok(answer)
}
