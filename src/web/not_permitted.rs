//! Somebody who is who she says, and may not sign in at the application that sent her.

use askama::Template;
use hyper::StatusCode;

use crate::{
    http::{FormTarget, PageSecurity, Response, response},
    saml2::Status,
};

use super::{
    IdentityProvider,
    pages::{Base64, NotPermittedPage},
    pending::Pending,
    refusal::Refused,
    reply::nonce,
};

/// What the relying party is told. Why it is so is in the audit line: it may say something about
/// the person that the relying party does not know.
const CAUSE: &str = "the person may not sign in here";

impl IdentityProvider {
    /// The page that says so. It does not go on by itself, or she would never read it; a button
    /// brings the status to the relying party. Where nobody may be asked anything, it goes at once.
    pub(super) fn answer_not_permitted(&self, pending: &Pending) -> Result<Response, Refused> {
        let document = self.error_document(pending, Status::RequestDenied, CAUSE)?;
        if pending.request.passive {
            return self.post(pending, "You are not signed in", &document);
        }
        let nonce = nonce()?;
        let page = NotPermittedPage {
            nonce: nonce.as_str(),
            heading: "You may not use this application",
            relying_party: self.display_name(pending)?,
            action: &pending.reply.consumer,
            saml_response: Base64(document.as_bytes()),
            relay_state: pending.reply.relay_state.as_deref(),
            support: self.edge.support_contact.as_deref(),
            correlation: pending.request.correlation.as_str(),
        };
        let mut answer = response::html(StatusCode::FORBIDDEN, page.render()?);
        PageSecurity::new()
            .styles(&nonce)
            .forms_to(FormTarget::origin_of(&pending.reply.consumer)?)
            .strict_transport(true)
            .apply(&mut answer)?;
        Ok(answer)
    }
}
