//! Somebody who is who she says, and may not sign in at the application that sent her.

use askama::Template;
use hyper::StatusCode;

use crate::{
    http::{FormTarget, PageSecurity, Response, response},
    observe::CorrelationId,
    saml2::Status,
    signin::SignInRequest,
};

use super::{
    IdentityProvider,
    pages::{Base64, NotPermittedPage, StatusForm},
    pending::{Pending, Reply, Saml2Reply},
    refusal::Refused,
    reply::nonce,
    saml2_answer::post_response,
};

/// What the relying party is told. Why it is so is in the audit line: it may say something about
/// the person that the relying party does not know.
const CAUSE: &str = "the person may not sign in here";

impl IdentityProvider {
    /// The page that says so. It does not go on by itself, or she would never read it; by SAML 2.0,
    /// which has a word for it, a button brings the status to the relying party. Where nobody may be
    /// asked anything, the status goes at once.
    pub(super) fn answer_not_permitted(&self, pending: &Pending) -> Result<Response, Refused> {
        let request = &pending.request;
        match &pending.reply {
            // Who has not asked is not answered.
            Reply::Saml2(reply) if reply.is_unsolicited => self.not_permitted_at(request, None),
            Reply::Saml2(reply) => {
                let denied = Status::RequestDenied;
                let document = self.status_response(request, reply, denied, CAUSE)?;
                if request.passive {
                    let party = self.trusted(request)?;
                    return post_response(&party, reply, "You are not signed in", &document);
                }
                self.not_permitted_at(request, Some((reply, &document)))
            }
            Reply::WsFederation(_) => self.not_permitted_at(request, None),
        }
    }

    fn not_permitted_at(
        &self,
        request: &SignInRequest,
        answer: Option<(&Saml2Reply, &str)>,
    ) -> Result<Response, Refused> {
        let party = self.trusted(request)?;
        self.not_permitted_page(&party.display_name, answer, &request.correlation)
    }

    /// The page for what is called `application`.
    pub(super) fn not_permitted_page(
        &self,
        application: &str,
        answer: Option<(&Saml2Reply, &str)>,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let nonce = nonce()?;
        let status = answer.map(|(reply, document)| StatusForm {
            action: &reply.consumer,
            saml_response: Base64(document.as_bytes()),
            relay_state: reply.relay_state.as_deref(),
        });
        let page = NotPermittedPage {
            nonce: nonce.as_str(),
            heading: "You may not use this application",
            relying_party: application,
            status,
            support: self.edge.support_contact.as_deref(),
            correlation: correlation.as_str(),
        };
        let mut html = response::html(StatusCode::FORBIDDEN, page.render()?);
        let mut security = PageSecurity::new().styles(&nonce).strict_transport(true);
        if let Some((reply, _)) = answer {
            security = security.forms_to(FormTarget::origin_of(&reply.consumer)?);
        }
        security.apply(&mut html)?;
        Ok(html)
    }
}
