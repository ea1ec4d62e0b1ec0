//! From a decision to the page that carries it: the form, the signed Response, or an error
//! Response.

use askama::Template;
use hyper::{
    StatusCode,
    header::{HeaderValue, RETRY_AFTER},
};
use time::OffsetDateTime;

use crate::{
    http::{FormTarget, Nonce, PageSecurity, Response, response},
    observe::audit,
    saml2::{Assertion, ErrorResponse, Status, SuccessResponse, new_id},
    signin::{BrowserId, Grant, Problem, Proof, Refusal, Step},
};

use super::{
    IdentityProvider, browser,
    pages::{Base64, PostPage, ProblemText, SignInPage},
    pending::Pending,
    refusal::Refused,
};

impl IdentityProvider {
    /// The page for the next step. `typed` is the name that the person typed last.
    pub(super) fn answer(
        &self,
        pending: Pending,
        step: Step,
        browser: &BrowserId,
        typed: Option<&str>,
    ) -> Result<Response, Refused> {
        match step {
            Step::Prompt(problem) => self.ask(pending, problem, browser, typed),
            Step::ChangePassword => {
                self.new_password_step(pending, browser, typed.unwrap_or(""), None)
            }
            Step::Granted(grant) => self.issue(&pending, &grant),
            Step::Refused(Refusal::NoPassive) => self.answer_with_error(
                &pending,
                Status::NoPassive,
                "nobody is signed in, and nobody may be asked",
            ),
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

    fn ask(
        &self,
        pending: Pending,
        problem: Option<Problem>,
        browser: &BrowserId,
        typed: Option<&str>,
    ) -> Result<Response, Refused> {
        let hint = pending.request.hint.clone().unwrap_or_default();
        let correlation = pending.request.correlation.clone();
        let relying_party = self.display_name(&pending)?;
        let state = self
            .seal
            .seal(pending, browser, OffsetDateTime::now_utc())?;
        let nonce = nonce()?;
        let page = SignInPage {
            nonce: nonce.as_str(),
            relying_party,
            state: &state,
            name: typed.unwrap_or(&hint),
            problem: problem.map(ProblemText::of),
            password_reset: self.edge.password_reset_url.as_deref(),
            support: self.edge.support_contact.as_deref(),
            correlation: correlation.as_str(),
        };
        let (status, retry_after) = match problem {
            Some(Problem::DirectoryDown | Problem::Busy) => {
                (StatusCode::SERVICE_UNAVAILABLE, Some("5"))
            }
            Some(Problem::TooMany) => (StatusCode::TOO_MANY_REQUESTS, Some("600")),
            _ => (StatusCode::OK, None),
        };
        let mut answer = response::html(status, page.render()?);
        if let Some(seconds) = retry_after {
            answer
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        PageSecurity::new()
            .styles(&nonce)
            .forms_to(FormTarget::own())
            .strict_transport(true)
            .apply(&mut answer)?;
        Ok(answer)
    }

    fn issue(&self, pending: &Pending, grant: &Grant) -> Result<Response, Refused> {
        let relying_party = self
            .trusts
            .relying_party(&pending.request.relying_party)
            // Looked up when the request came, and again now: an assertion goes where the trust
            // says, even if a page's seal should ever be broken.
            .filter(|party| party.is_consumer(&pending.reply.consumer))
            .ok_or(Refused::NotTrusted)?;
        let now = OffsetDateTime::now_utc();
        let claims = relying_party.claims(&grant.subject);
        let name_id = relying_party
            .name_id(&grant.subject)
            .map_err(|error| Refused::Internal(error.to_string()))?;
        let (response_id, assertion_id) = (new_id()?, new_id()?);
        let document = SuccessResponse {
            id: &response_id,
            assertion: Assertion {
                id: &assertion_id,
                issuer: &grant.issuer,
                issue_instant: now,
                name_id: &name_id,
                in_response_to: &pending.request.request_id,
                recipient: &pending.reply.consumer,
                audience: &relying_party.audience,
                not_before: now - relying_party.not_before_skew,
                not_on_or_after: now + relying_party.assertion_lifetime,
                attributes: &claims,
                authn_instant: grant.authn_instant,
                session_index: &grant.session_index,
                authn_context: pending.reply.authn_context,
            },
            sign_response: relying_party.sign_response,
        }
        .to_signed_xml(self.keys.current())
        .map_err(|error| Refused::Internal(error.to_string()))?;
        audit::Issued {
            correlation: &pending.request.correlation,
            relying_party: relying_party.entity_id(),
            issuer: &grant.issuer,
            assertion_id: &assertion_id,
            in_response_to: &pending.request.request_id,
            immutable_id: &grant.subject.immutable_id,
            cloud_upn: &grant.subject.cloud_upn,
            proof: match grant.proof {
                Proof::Password => "password",
                Proof::Session => "session",
            },
        }
        .record();
        let mut answer = self.post(pending, "You are signed in", &document)?;
        if let Some(token) = &grant.new_session {
            browser::set_session(token, &mut answer)?;
        }
        Ok(answer)
    }

    /// Tells the relying party by a status why there is no assertion.
    pub(super) fn answer_with_error(
        &self,
        pending: &Pending,
        status: Status,
        cause: &str,
    ) -> Result<Response, Refused> {
        let request = &pending.request;
        audit::request_refused(&request.correlation, Some(&request.relying_party), cause);
        let document = self.error_document(pending, status, cause)?;
        self.post(pending, "You are not signed in", &document)
    }

    /// The Response that carries a status.
    pub(super) fn error_document(
        &self,
        pending: &Pending,
        status: Status,
        cause: &str,
    ) -> Result<String, Refused> {
        let request = &pending.request;
        let relying_party = self
            .trusts
            .relying_party(&request.relying_party)
            .ok_or(Refused::NotTrusted)?;
        let issuer = self
            .trusts
            .default_issuer(relying_party)
            .ok_or(Refused::NotTrusted)?;
        ErrorResponse {
            id: &new_id()?,
            issuer,
            issue_instant: OffsetDateTime::now_utc(),
            destination: &pending.reply.consumer,
            in_response_to: &request.request_id,
            status,
            message: &format!("{cause} (correlation id {})", request.correlation),
        }
        .to_xml(relying_party.sign_response.then(|| self.keys.current()))
        .map_err(|error| Refused::Internal(error.to_string()))
    }

    pub(super) fn post(
        &self,
        pending: &Pending,
        heading: &str,
        document: &str,
    ) -> Result<Response, Refused> {
        let nonce = nonce()?;
        let page = PostPage {
            nonce: nonce.as_str(),
            relying_party: self.display_name(pending)?,
            heading,
            action: &pending.reply.consumer,
            saml_response: Base64(document.as_bytes()),
            relay_state: pending.reply.relay_state.as_deref(),
        };
        // All of it at once: nearly all of the page is the document, which askama cannot foresee.
        let mut html = String::with_capacity(PostPage::SIZE_HINT + document.len().div_ceil(3) * 4);
        page.render_into(&mut html)?;
        let mut answer = response::html(StatusCode::OK, html);
        PageSecurity::new()
            .styles(&nonce)
            .scripts(&nonce)
            .forms_to(FormTarget::origin_of(&pending.reply.consumer)?)
            .strict_transport(true)
            .apply(&mut answer)?;
        Ok(answer)
    }

    pub(super) fn display_name(&self, pending: &Pending) -> Result<&str, Refused> {
        self.trusts
            .relying_party(&pending.request.relying_party)
            .map(|relying_party| relying_party.display_name.as_str())
            .ok_or(Refused::NotTrusted)
    }
}

pub(super) fn nonce() -> Result<Nonce, Refused> {
    Nonce::new().map_err(|error| Refused::Internal(error.to_string()))
}
