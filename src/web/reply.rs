//! From a decision to the page that carries it: the form, or an answer in the protocol that the
//! request came by.

use std::{net::IpAddr, sync::Arc};

use askama::Template;
use hyper::{
    StatusCode,
    header::{HeaderValue, RETRY_AFTER},
};
use time::OffsetDateTime;

use crate::{
    http::{FormTarget, Nonce, PageSecurity, Request, Response, response},
    observe::CorrelationId,
    saml2::Status,
    signin::{BrowserId, Grant, Problem, Refusal, SignInRequest, Step},
    trust::RelyingParty,
};

use super::{
    IdentityProvider, browser,
    pages::{Message, PostPage, ProblemText, SignInPage},
    pending::{Pending, Reply},
    refusal::Refused,
    waiting::{Goal, Waiting},
};

/// What differs between the forms that ask for name and password.
#[derive(Clone, Copy)]
pub(super) struct SignInForm<'a> {
    /// Where it is sent.
    pub(super) action: &'a str,
    /// What the person goes on to.
    pub(super) leads_to: &'a str,
    /// The sealed state that it carries.
    pub(super) state: &'a str,
    /// The name that is filled in.
    pub(super) name: &'a str,
    pub(super) problem: Option<Problem>,
    pub(super) correlation: &'a CorrelationId,
}

impl IdentityProvider {
    /// The page for the next step. `typed` is the name that the person typed last.
    pub(super) async fn answer(
        &self,
        request: &Request,
        pending: Pending,
        step: Step,
        browser: &BrowserId,
        typed: Option<&str>,
    ) -> Result<Response, Refused> {
        // The audit line of an assertion has it.
        if !matches!(step, Step::Granted(_))
            && let Some(theirs) = pending.reply.client_request_id()
        {
            let correlation = &pending.request.correlation;
            tracing::info!(%correlation, client_request_id = theirs, "the name that its sender gave it");
        }
        match step {
            Step::Prompt(problem) => self.ask(pending, problem, browser, typed),
            Step::ChangePassword => {
                let goal = Goal::RelyingParty(Box::new(pending));
                self.new_password_step(goal, browser, typed.unwrap_or(""), None)
            }
            Step::AskName(problem) => {
                let waiting = Waiting::for_party(pending);
                self.ask_name(request, waiting, browser, typed, problem)
            }
            Step::Elsewhere(elsewhere) => {
                let name = typed.or(pending.request.hint.as_deref()).map(str::to_owned);
                let waiting = Waiting::for_party(pending);
                let leading = self.lead(request, waiting, elsewhere, browser, name.as_deref());
                // Boxed, since it would be copied with each request.
                Box::pin(leading).await
            }
            Step::Granted(grant) => self.issue(request, pending, grant).await,
            Step::Refused(Refusal::NoPassive) => match &pending.reply {
                Reply::Saml2(reply) => self.answer_with_status(
                    &pending.request,
                    reply,
                    Status::NoPassive,
                    "nobody is signed in, and nobody may be asked",
                ),
                Reply::WsFederation(_) => Err(Refused::Internal(
                    "WS-Federation has no passive requests".into(),
                )),
            },
            Step::Refused(Refusal::AlreadyAnswered) => Err(Refused::AlreadyAnswered {
                relying_party: pending.request.relying_party,
                request_id: pending.request.request_id,
            }),
            Step::Refused(Refusal::NotTrusted) => Err(Refused::NotTrusted),
            Step::Refused(Refusal::NotPermitted) => self.answer_not_permitted(&pending),
            Step::Refused(Refusal::Internal) => Err(Refused::Internal(
                "no random number, or the store failed".into(),
            )),
        }
    }

    async fn issue(
        &self,
        request: &Request,
        pending: Pending,
        grant: Box<Grant>,
    ) -> Result<Response, Refused> {
        // By SAML, nobody is told where she is.
        let from = match &pending.reply {
            Reply::Saml2(_) => None,
            Reply::WsFederation(_) => self.edge.proxies.origin_of(request),
        };
        self.sign(|| self.issued(&pending, &grant, from)).await
    }

    fn issued(
        &self,
        pending: &Pending,
        grant: &Grant,
        from: Option<IpAddr>,
    ) -> Result<Response, Refused> {
        let mut answer = match &pending.reply {
            Reply::Saml2(reply) => self.issue_by_saml2(&pending.request, reply, grant),
            Reply::WsFederation(reply) => {
                let circumstances = self.sign_in.circumstances(grant, from);
                self.issue_by_ws_federation(&pending.request, reply, grant, &circumstances)
            }
        }?;
        if let Some(token) = &grant.new_session {
            browser::set_session(token, &mut answer)?;
        }
        Ok(answer)
    }

    pub(super) fn ask(
        &self,
        pending: Pending,
        problem: Option<Problem>,
        browser: &BrowserId,
        typed: Option<&str>,
    ) -> Result<Response, Refused> {
        let hint = pending.request.hint.clone().unwrap_or_default();
        let correlation = pending.request.correlation.clone();
        let relying_party = self.trusted(&pending.request)?;
        let state = self
            .seal
            .seal(pending, browser, OffsetDateTime::now_utc())?;
        self.sign_in_page(SignInForm {
            action: "/signin",
            leads_to: &relying_party.display_name,
            state: &state,
            name: typed.unwrap_or(&hint),
            problem,
            correlation: &correlation,
        })
    }

    /// The page that asks for name and password.
    pub(super) fn sign_in_page(&self, form: SignInForm<'_>) -> Result<Response, Refused> {
        let nonce = nonce()?;
        let page = SignInPage {
            nonce: nonce.as_str(),
            action: form.action,
            relying_party: form.leads_to,
            state: form.state,
            name: form.name,
            another: self.sign_in.asks_name_first(),
            problem: form.problem.map(ProblemText::of),
            password_reset: self.edge.password_reset_url.as_deref(),
            support: self.edge.support_contact.as_deref(),
            correlation: form.correlation.as_str(),
        };
        let mut answer = tells(form.problem, page.render()?);
        PageSecurity::new()
            .styles(&nonce)
            .forms_to(FormTarget::own())
            .strict_transport(true)
            .apply(&mut answer)?;
        Ok(answer)
    }

    /// The relying party of a request that waited: looked up when the request came, and again now,
    /// since an answer goes where the trust says by now, even if a page's seal should ever be broken.
    pub(super) fn trusted(&self, request: &SignInRequest) -> Result<Arc<RelyingParty>, Refused> {
        self.trusts
            .relying_party(&request.relying_party)
            .filter(|party| party.speaks(request.protocol))
            .ok_or(Refused::NotTrusted)
    }
}

/// The page that tells a problem, or asks for the first time. Where trying again later helps, the
/// answer says when (RFC 9110 10.2.3).
pub(super) fn tells(problem: Option<Problem>, page: String) -> Response {
    let (status, retry_after) = match problem {
        Some(Problem::DirectoryDown | Problem::Busy) => {
            (StatusCode::SERVICE_UNAVAILABLE, Some("5"))
        }
        Some(Problem::TooMany) => (StatusCode::TOO_MANY_REQUESTS, Some("600")),
        _ => (StatusCode::OK, None),
    };
    let mut answer = response::html(status, page);
    if let Some(seconds) = retry_after {
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static(seconds));
    }
    answer
}

/// The page that posts an answer to the relying party. `size`: octets of what is posted.
pub(super) fn post(
    heading: &str,
    relying_party: &RelyingParty,
    address: &str,
    message: Message<'_>,
    size: usize,
) -> Result<Response, Refused> {
    let security = PageSecurity::new();
    post_under(security, heading, relying_party, address, message, size)
}

/// The same, for a page that may do more than others.
pub(super) fn post_under(
    security: PageSecurity,
    heading: &str,
    relying_party: &RelyingParty,
    address: &str,
    message: Message<'_>,
    size: usize,
) -> Result<Response, Refused> {
    let nonce = nonce()?;
    let page = PostPage {
        nonce: nonce.as_str(),
        relying_party: &relying_party.display_name,
        heading,
        action: address,
        message,
    };
    // All of it at once: nearly all of the page is the document, which askama cannot foresee. Names,
    // addresses and what comes back as it was are some hundred octets.
    let mut html = String::with_capacity(PostPage::SIZE_HINT + size + 1024);
    page.render_into(&mut html)?;
    let mut answer = response::html(StatusCode::OK, html);
    security
        .styles(&nonce)
        .scripts(&nonce)
        .forms_to(FormTarget::origin_of(address)?)
        .strict_transport(true)
        .apply(&mut answer)?;
    Ok(answer)
}

pub(super) fn nonce() -> Result<Nonce, Refused> {
    Nonce::new().map_err(|error| Refused::Internal(error.to_string()))
}
