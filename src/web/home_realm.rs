//! The page that asks for the name alone, where some people prove elsewhere who they are.
//!
//! What comes of a name goes by the routes, and so by its domain: that somebody has it is not looked up
//! here, and nothing on the page tells.

use askama::Template;
use time::OffsetDateTime;

use crate::{
    http::{FormTarget, PageSecurity, Request, Response},
    signin::{BrowserId, Discovered, Problem, Source},
};

use super::{
    IdentityProvider, MAX_NAME,
    browser::Browser,
    pages::{NamePage, ProblemText},
    refusal::Refused,
    remembered,
    reply::{nonce, tells},
    waiting::{Goal, Waiting},
};

/// Below the base URL.
pub(super) const NAME_PATH: &str = "/signin/name";

/// What stands on the page when it comes.
#[derive(Clone, Copy, Default)]
pub(super) struct Filled<'a> {
    pub(super) name: &'a str,
    /// Whether the name is to be remembered.
    pub(super) remember: bool,
    pub(super) problem: Option<Problem>,
}

impl IdentityProvider {
    /// The page, with the name that this device remembers unless another was typed.
    pub(super) fn ask_name(
        &self,
        request: &Request,
        waiting: Waiting,
        browser: &BrowserId,
        typed: Option<&str>,
        problem: Option<Problem>,
    ) -> Result<Response, Refused> {
        let remembered = remembered::name(request);
        let filled = Filled {
            name: typed.or(remembered.as_deref()).unwrap_or(""),
            remember: remembered.is_some(),
            problem,
        };
        self.name_page(waiting, browser, filled)
    }

    fn name_page(
        &self,
        waiting: Waiting,
        browser: &BrowserId,
        filled: Filled<'_>,
    ) -> Result<Response, Refused> {
        let somebody_else = filled.problem == Some(Problem::SomebodyElse);
        let waiting = waiting.distrusting(somebody_else);
        let leads_to = match &waiting.goal {
            Goal::RelyingParty(pending) => self.trusted(&pending.request)?.display_name.clone(),
            Goal::Own(visitor) => self.behind_door(&visitor.door)?.to_owned(),
        };
        let correlation = waiting.correlation().clone();
        let now = OffsetDateTime::now_utc();
        let state = self.seal.seal(waiting, browser, now)?;
        let nonce = nonce()?;
        let page = NamePage {
            nonce: nonce.as_str(),
            action: NAME_PATH,
            leads_to: &leads_to,
            state: &state,
            name: filled.name,
            remember: filled.remember,
            problem: filled.problem.map(ProblemText::of_name),
            support: self.edge.support_contact.as_deref(),
            correlation: correlation.as_str(),
        };
        let mut answer = tells(filled.problem, page.render()?);
        PageSecurity::new()
            .styles(&nonce)
            .forms_to(FormTarget::own())
            .strict_transport(true)
            .apply(&mut answer)?;
        Ok(answer)
    }

    /// A name was typed, or somebody wants to type another.
    pub(super) async fn name_form(&self, request: &Request) -> Result<Response, Refused> {
        if !self.is_from_our_own_page(request) {
            return Err(Refused::ForeignForm);
        }
        let browser = Browser::known(request).ok_or(Refused::NoCookie)?;
        let form = request.form()?;
        let state = form.single("state")?.unwrap_or("");
        let waiting: Waiting = self.seal.open(state, &browser, OffsetDateTime::now_utc())?;
        if form.single("another")?.is_some() {
            return self.ask_another(waiting, &browser);
        }
        let correlation = waiting.correlation().clone();
        let name = form.single("name")?.unwrap_or("").trim();
        let remember = form.single("remember")?.is_some();
        let answer = self.go_on(request, waiting, &browser, name, remember).await;
        let mut answer = answer.unwrap_or_else(|refused| self.refusal_page(&refused, &correlation));
        if remember && !name.is_empty() && name.len() <= MAX_NAME {
            remembered::keep(name, &mut answer)?;
        } else if remembered::name(request).is_some() {
            remembered::forget(&mut answer)?;
        }
        Ok(answer)
    }

    /// The page without a name: the one that this device remembers is forgotten, since whoever sits
    /// here is somebody else.
    pub(super) fn ask_another(
        &self,
        waiting: Waiting,
        browser: &BrowserId,
    ) -> Result<Response, Refused> {
        let mut answer = self.name_page(waiting.expecting(None), browser, Filled::default())?;
        remembered::forget(&mut answer)?;
        Ok(answer)
    }

    async fn go_on(
        &self,
        request: &Request,
        waiting: Waiting,
        browser: &BrowserId,
        name: &str,
        remember: bool,
    ) -> Result<Response, Refused> {
        let source = Source::from(self.edge.proxies.client_of(request));
        match self.sign_in.discover(name, &source) {
            Discovered::Elsewhere(elsewhere) => {
                self.lead(request, waiting, elsewhere, browser, Some(name))
                    .await
            }
            Discovered::Here => match waiting.goal {
                Goal::RelyingParty(pending) => self.ask(*pending, None, browser, Some(name)),
                Goal::Own(visitor) => self.ask_visitor(visitor, browser, None, name),
            },
            Discovered::Nowhere => {
                let problem = if name.is_empty() {
                    Problem::Incomplete
                } else {
                    Problem::NoHome
                };
                let filled = Filled {
                    name: Some(name)
                        .filter(|name| name.len() <= MAX_NAME)
                        .unwrap_or(""),
                    remember,
                    problem: Some(problem),
                };
                self.name_page(waiting, browser, filled)
            }
        }
    }
}
