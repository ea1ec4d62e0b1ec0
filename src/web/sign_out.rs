//! The end of a session, asked for at `/adfs/ls/`.
//!
//! Anybody can send a browser here, from any site: the protocol has no proof of who asks. What is to
//! be gained by it is that somebody has to type her password again.

use askama::Template;
use hyper::StatusCode;

use crate::{
    http::{PageSecurity, Request, Response, response},
    observe::{CorrelationId, audit},
    signin::Participant,
    trust::Protocol,
    wsfed,
};

use super::{
    IdentityProvider, arrival::shortened, browser, pages::SignedOutPage, refusal::Refused,
    reply::nonce,
};

impl IdentityProvider {
    /// Ends the browser's session, if it has one, and has those hear of it that were told of it.
    ///
    /// An address to go on to that nobody has registered is not gone on to; the session ends all the
    /// same.
    pub(super) async fn sign_out(
        &self,
        request: &Request,
        asked: &wsfed::SignOut,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let participants = match browser::session_token(request) {
            Some(token) => self
                .sign_in
                .sign_out(correlation, &token)
                .await
                .map_err(|error| Refused::Internal(error.to_string()))?,
            None => Vec::new(),
        };
        let go_on = asked.reply.as_deref().filter(|address| {
            let is_known = self.is_anybodys_reply_address(address);
            if !is_known {
                let cause = format!("unknown reply address at sign-out: {}", shortened(address));
                audit::request_refused(correlation, None, &cause);
            }
            is_known
        });
        let clean_up: Vec<String> = participants
            .iter()
            .filter_map(|participant| self.clean_up_address(participant))
            .collect();
        let mut answer = signed_out(&clean_up, go_on)?;
        browser::end_session(&mut answer)?;
        Ok(answer)
    }

    fn is_anybodys_reply_address(&self, address: &str) -> bool {
        self.trusts
            .relying_parties()
            .iter()
            .filter(|party| party.speaks(Protocol::WsFederation))
            .any(|party| party.ws_federation.is_reply_address(address))
    }

    /// Where a relying party that was told by WS-Federation hears of the end.
    fn clean_up_address(&self, participant: &Participant) -> Option<String> {
        if participant.protocol != Protocol::WsFederation {
            return None;
        }
        let party = self.trusts.relying_party(&participant.relying_party)?;
        let address = party.ws_federation.reply_addresses.first()?;
        let mark = if address.contains('?') { '&' } else { '?' };
        Some(format!("{address}{mark}wa={}", wsfed::ACTION_CLEAN_UP))
    }
}

fn signed_out(clean_up: &[String], go_on: Option<&str>) -> Result<Response, Refused> {
    let nonce = nonce()?;
    let page = SignedOutPage {
        nonce: nonce.as_str(),
        clean_up,
        go_on,
    };
    let mut answer = response::html(StatusCode::OK, page.render()?);
    let mut security = PageSecurity::new().styles(&nonce).strict_transport(true);
    if go_on.is_some() {
        security = security.scripts(&nonce);
    }
    for address in clean_up {
        security = security.images_from(address)?;
    }
    security.apply(&mut answer)?;
    Ok(answer)
}
