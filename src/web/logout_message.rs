//! Messages about the end of a session, sent by way of the browser.

use std::time::Duration;

use hyper::Method;
use time::OffsetDateTime;

use crate::{
    http::{
        PageSecurity, Request, Response,
        response::{self, Redirect},
    },
    keys::Signer,
    saml2::{
        Carried, LogoutAnswer, OutgoingLogoutRequest, OutgoingLogoutResponse, new_id, redirect_url,
    },
    trust::{LogoutAddress, LogoutBinding, Protocol, RelyingParty},
};

use super::{
    IdentityProvider,
    browser::Browser,
    departure::{Saml2Asker, Telling},
    pages::{Base64, Message},
    refusal::Refused,
    reply::{post, post_under},
};

/// From a request's making to its end: as long as a person may look at the page that sends it.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

impl IdentityProvider {
    /// Sends a relying party the request that ends its session. It is made when it is wanted: in a
    /// frame of the page that tells everybody, or later in a tab of its own.
    pub(super) fn tell(&self, request: &Request) -> Result<Response, Refused> {
        if request.method != Method::GET {
            return Err(Refused::Method("GET"));
        }
        let browser = Browser::known(request).ok_or(Refused::NoCookie)?;
        let query = request.query()?;
        let state = query.single("state")?.unwrap_or("");
        let now = OffsetDateTime::now_utc();
        let telling: Telling = self.seal.open(state, &browser, now)?;
        let party = self.asking(&telling.relying_party, Protocol::Saml2)?;
        let told_at = party.single_logout.told_at.as_ref();
        let told_at = told_at.ok_or(Refused::NotTrusted)?;
        let message = OutgoingLogoutRequest {
            id: &telling.request_id(&new_id()?),
            issuer: &telling.issuer,
            issue_instant: now,
            not_on_or_after: now + LIFETIME,
            destination: &told_at.url,
            name_id: &telling.known_as.name_id,
            name_id_format: telling.known_as.name_id_format.uri(),
            session_index: &telling.known_as.session_index,
        };
        let signing = self.signing();
        let signer = signing.keys.current();
        match told_at.binding {
            LogoutBinding::Redirect => {
                let document = message.to_xml()?;
                redirect(signer, &told_at.url, Carried::Request, &document, None)
            }
            LogoutBinding::Post => {
                let document = message.to_signed_xml(signer)?;
                let form = Message::Saml2Request {
                    request: Base64(document.as_bytes()),
                };
                let heading = "You are being signed out";
                let security = PageSecurity::new().framed_by_own();
                let size = document.len().div_ceil(3) * 4;
                post_under(security, heading, &party, &told_at.url, form, size)
            }
        }
    }

    /// Where a relying party hears of the end of a session.
    pub(super) fn logout_address(&self, relying_party: &str) -> Result<String, Refused> {
        let party = self.asking(relying_party, Protocol::Saml2)?;
        let told_at = party.single_logout.told_at.as_ref();
        told_at.map(|at| at.url.clone()).ok_or(Refused::NotTrusted)
    }
}

/// Sends the answer to the relying party that asked for the end of a session.
pub(super) fn send_logout_response(
    signer: &Signer,
    relying_party: &RelyingParty,
    answered_at: &LogoutAddress,
    asker: &Saml2Asker,
    answer: LogoutAnswer,
) -> Result<Response, Refused> {
    let address = answered_at.url.as_str();
    let message = OutgoingLogoutResponse {
        id: &new_id()?,
        issuer: &asker.issuer,
        issue_instant: OffsetDateTime::now_utc(),
        destination: address,
        in_response_to: &asker.request_id,
        answer,
    };
    let relay_state = asker.relay_state.as_deref();
    match answered_at.binding {
        LogoutBinding::Redirect => redirect(
            signer,
            address,
            Carried::Response,
            &message.to_xml()?,
            relay_state,
        ),
        LogoutBinding::Post => {
            let document = message.to_signed_xml(signer)?;
            let form = Message::Saml2 {
                response: Base64(document.as_bytes()),
                relay_state,
            };
            let heading = match answer {
                LogoutAnswer::Success | LogoutAnswer::Partial => "You are signed out",
                LogoutAnswer::Refused(_) => "You are not signed out",
            };
            let size = document.len().div_ceil(3) * 4;
            post(heading, relying_party, address, form, size)
        }
    }
}

fn redirect(
    signer: &Signer,
    address: &str,
    carried: Carried,
    document: &str,
    relay_state: Option<&str>,
) -> Result<Response, Refused> {
    let url = redirect_url(address, carried, document, relay_state, signer)?;
    let mut answer = response::redirect(Redirect::SeeOther, &url)?;
    PageSecurity::new()
        .strict_transport(true)
        .apply(&mut answer)?;
    Ok(answer)
}
