//! Changing a password at `/password`: as a step of a sign-in, or on its own.
//!
//! On its own the form carries no sealed state. It needs none: whoever can send it knows the
//! password that it changes.

use askama::Template;
use hyper::StatusCode;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{
    http::{Form, FormTarget, Nonce, PageSecurity, Request, Response, response},
    observe::CorrelationId,
    signin::{BrowserId, ChangeProblem, ChangeTyped, Source, Typed},
};

use super::{
    IdentityProvider, MAX_NAME,
    browser::{self, Browser},
    pages::{ChangedPage, PasswordPage, ProblemText},
    pending::Pending,
    refusal::Refused,
    reply::{nonce, tells},
};

impl IdentityProvider {
    /// The form on its own.
    pub(super) fn password_page(&self, correlation: &CorrelationId) -> Result<Response, Refused> {
        self.ask_new_password(None, None, "", correlation)
    }

    /// The form on its own, for somebody whose password has expired.
    pub(super) fn new_password_alone(
        &self,
        name: &str,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        self.ask_new_password(None, None, name, correlation)
    }

    /// The form as a step of a sign-in: the request waits, sealed, in it.
    pub(super) fn new_password_step(
        &self,
        pending: Pending,
        browser: &BrowserId,
        name: &str,
        problem: Option<ChangeProblem>,
    ) -> Result<Response, Refused> {
        let correlation = pending.request.correlation.clone();
        let state = self
            .seal
            .seal(pending, browser, OffsetDateTime::now_utc())?;
        self.ask_new_password(Some(&state), problem, name, &correlation)
    }

    pub(super) async fn password_form(
        &self,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        if !self.is_from_our_own_page(request) {
            return Err(Refused::ForeignForm);
        }
        let form = request.form()?;
        let waiting = match form.single("state")? {
            None => None,
            Some(state) => {
                let browser = Browser::known(request).ok_or(Refused::NoCookie)?;
                let pending: Pending =
                    self.seal.open(state, &browser, OffsetDateTime::now_utc())?;
                Some((pending, browser))
            }
        };
        // The id on the page stays the same through every attempt, and whatever comes of it.
        let correlation = match &waiting {
            Some((pending, _)) => pending.request.correlation.clone(),
            None => correlation.clone(),
        };
        let changed = self.change(request, &form, waiting, &correlation).await;
        Ok(changed.unwrap_or_else(|refused| self.refusal_page(&refused, &correlation)))
    }

    /// `waiting` is the request that waits for the change, in this browser.
    async fn change(
        &self,
        request: &Request,
        form: &Form,
        waiting: Option<(Pending, BrowserId)>,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let name = form.single("name")?.unwrap_or("");
        let (current, new) = (secret(form, "current")?, secret(form, "new")?);
        let source = Source::from(self.edge.proxies.client_of(request));
        let typed = ChangeTyped {
            name,
            current: &current,
            new: &new,
            repeated: &secret(form, "repeated")?,
            source: &source,
        };
        let outcome = self.sign_in.change_password(correlation, typed).await;
        let shown = Some(name)
            .filter(|name| name.len() <= MAX_NAME)
            .unwrap_or("");
        match (outcome, waiting) {
            (Err(problem), Some((pending, browser))) => {
                self.new_password_step(pending, &browser, shown, Some(problem))
            }
            (Err(problem), None) => self.ask_new_password(None, Some(problem), shown, correlation),
            (Ok(()), None) => changed(),
            // The sign-in goes on with the new password, as if it had been typed.
            (Ok(()), Some((pending, browser))) => {
                let session = browser::session_token(request);
                let typed = Typed {
                    name,
                    password: &new,
                    source: &source,
                };
                let step = self
                    .sign_in
                    .prove(&pending.request, &browser, session.as_ref(), typed)
                    .await;
                self.answer(request, pending, step, &browser, Some(shown))
            }
        }
    }

    fn ask_new_password(
        &self,
        state: Option<&str>,
        problem: Option<ChangeProblem>,
        name: &str,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let nonce = nonce()?;
        let page = PasswordPage {
            nonce: nonce.as_str(),
            state,
            name,
            problem: problem.map(ProblemText::of_change),
            support: self.edge.support_contact.as_deref(),
            correlation: correlation.as_str(),
        };
        let not_proven = match problem {
            Some(ChangeProblem::NotProven(problem)) => Some(problem),
            _ => None,
        };
        protected(tells(not_proven, page.render()?), &nonce)
    }
}

fn changed() -> Result<Response, Refused> {
    let nonce = nonce()?;
    let page = ChangedPage {
        nonce: nonce.as_str(),
    };
    protected(response::html(StatusCode::OK, page.render()?), &nonce)
}

fn protected(mut answer: Response, nonce: &Nonce) -> Result<Response, Refused> {
    PageSecurity::new()
        .styles(nonce)
        .forms_to(FormTarget::own())
        .strict_transport(true)
        .apply(&mut answer)?;
    Ok(answer)
}

fn secret(form: &Form, name: &'static str) -> Result<Zeroizing<String>, Refused> {
    Ok(Zeroizing::new(form.single(name)?.unwrap_or("").to_owned()))
}
