//! The form with name and password.

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{
    http::{Request, Response},
    signin::{Source, Typed},
};

use super::{
    IdentityProvider, MAX_NAME,
    browser::{self, Browser},
    pending::Pending,
    refusal::Refused,
};

impl IdentityProvider {
    pub(super) async fn sign_in_form(&self, request: &Request) -> Result<Response, Refused> {
        if !self.is_from_our_own_page(request) {
            return Err(Refused::ForeignForm);
        }
        let browser = Browser::known(request).ok_or(Refused::NoCookie)?;
        let form = request.form()?;
        let state = form.single("state")?.unwrap_or("");
        let pending: Pending = self.seal.open(state, &browser, OffsetDateTime::now_utc())?;
        let name = form.single("name")?.unwrap_or("");
        let password = Zeroizing::new(form.single("password")?.unwrap_or("").to_owned());

        // The id on the page stays the same through every attempt, and whatever comes of it.
        let correlation = pending.request.correlation.clone();
        let session = browser::session_token(request);
        let step = self
            .sign_in
            .prove(
                &pending.request,
                &browser,
                session.as_ref(),
                Typed {
                    name,
                    password: &password,
                    source: &Source::from(self.edge.proxies.client_of(request)),
                },
            )
            .await;
        let typed = Some(name).filter(|name| name.len() <= MAX_NAME);
        Ok(self
            .answer(request, pending, step, &browser, typed)
            .unwrap_or_else(|refused| self.refusal_page(&refused, &correlation)))
    }

    /// Browsers say where a form came from. The sealed state is the proof; this only refuses
    /// earlier. `Origin` is "null" for forms of pages under `Referrer-Policy: no-referrer`, ours
    /// among them, so "null" proves nothing either way.
    pub(super) fn is_from_our_own_page(&self, request: &Request) -> bool {
        match request.header("sec-fetch-site") {
            Some(site) => site == "same-origin",
            None => request
                .header("origin")
                .is_none_or(|origin| origin == "null" || origin == self.edge.base_url),
        }
    }
}
