//! The end of a session: an application asks for it, the others are told (Microsoft: "Single Sign-Out
//! SAML protocol").

use time::OffsetDateTime;

use super::{
    Participant, application,
    head::{Head, not, shown},
    issuer,
    message::Message,
    redirect,
    response::Envelope,
};
use crate::{
    entra::{
        Application, ObjectId, Refusal, SamlApplicationCode, Simulator, begin, instant,
        oauth::Session,
        pages::{self, PageError},
        random,
    },
    http::{Request, Response},
    xml::WriteError,
};

/// A request to end a session.
struct SignOut {
    id: String,
    application: Application,
    /// Whose address it came to, and so who answers.
    issuer: String,
}

impl Simulator {
    /// A `LogoutRequest` of an application.
    pub(super) fn saml_sign_out(
        &self,
        tenant: &str,
        request: &Request,
        message: &Message,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let asked = match self.read_logout_request(tenant, message, now) {
            Ok(asked) => asked,
            Err(refusal) => return self.show_refusal(refusal, now),
        };
        let app_id = &asked.application.app_id;
        let current = self.session(request, "common", None, now);
        if let Some((_, session)) = &current
            && !session
                .participants
                .iter()
                .any(|it| it.application == *app_id)
        {
            let refusal = SamlApplicationCode::NotParticipant.refuse(format!(
                "Somebody is signed in with this browser, and not to {}.",
                asked.application.display_name
            ));
            return self.show_refusal(refusal, now);
        }
        let (mut frames, idp) = match &current {
            Some((key, session)) => {
                self.end_session(key, now);
                (
                    self.tell_others(session, Some(app_id), now)?,
                    self.sign_out_uri(session),
                )
            }
            // What has ended already has ended.
            None => (Vec::new(), None),
        };
        let back = self.confirm(&asked, message.relay_state.as_deref(), now)?;
        let to_idp = match &back {
            // The application waits: there is no time to go elsewhere.
            Some(_) => {
                frames.extend(idp);
                None
            }
            None => idp,
        };
        let mut page = pages::signed_out(to_idp.as_deref(), back.as_deref(), &frames)?;
        Self::forget_session(&mut page)?;
        Ok(page)
    }

    fn read_logout_request(
        &self,
        tenant: &str,
        message: &Message,
        now: OffsetDateTime,
    ) -> Result<SignOut, Refusal> {
        let tenants = self.tenants();
        let address = begin::address(&tenants, tenant)?;
        if message.is_posted {
            let posted = "The LogoutRequest was posted.";
            return Err(SamlApplicationCode::UnsupportedBinding.refuse(posted));
        }
        let head = Head::read(&message.root)?;
        let application = application(&tenants, address, &head.issuer)?;
        self.is_for_here(&head, address, now)?;
        if let Some(written) = message.root.attribute("NotOnOrAfter") {
            let end = instant::parse(written)
                .ok_or_else(|| not(format!("NotOnOrAfter is {}.", shown(written))))?;
            if end <= now - self.settings().expectations.clock_skew {
                let detail = format!("NotOnOrAfter is {}.", instant::to_seconds(end));
                return Err(SamlApplicationCode::SignOutExpired.refuse(detail));
            }
        }
        let of = tenants
            .iter()
            .find(|tenant| tenant.application(&application.app_id).is_some());
        Ok(SignOut {
            id: head.id,
            application: application.clone(),
            issuer: issuer(of.unwrap_or(tenants.first())),
        })
    }

    /// Where the browser brings the `LogoutResponse`; nowhere, if that is not registered.
    fn confirm(
        &self,
        asked: &SignOut,
        relay_state: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<String>, PageError> {
        let Some(url) = &asked.application.web.logout_url else {
            return Ok(None);
        };
        let signer = self.provider.signer().ok_or(PageError::NoKey)?;
        let document = Envelope {
            id: &format!("_{}", random::guid()),
            issuer: &asked.issuer,
            destination: url,
            in_response_to: Some(&asked.id),
            now,
        }
        .logout_response()?;
        let address = redirect::address(url, "SAMLResponse", &document, relay_state, signer);
        Ok(Some(address.map_err(WriteError::from)?))
    }

    /// The addresses that tell the applications of a session of its end, but for the one that knows.
    pub(in crate::entra) fn tell_others(
        &self,
        session: &Session,
        who_knows: Option<&ObjectId>,
        now: OffsetDateTime,
    ) -> Result<Vec<String>, PageError> {
        let tenants = self.tenants();
        let Some(tenant) = tenants.of_domain(&session.person.tenant) else {
            return Ok(Vec::new());
        };
        let signer = self.provider.signer().ok_or(PageError::NoKey)?;
        let mut addresses = Vec::new();
        for participant in &session.participants {
            let Participant {
                application,
                name_id,
                session_index,
            } = participant;
            let registered = tenants.iter().find_map(|it| it.application(application));
            let url = registered.and_then(|it| it.web.logout_url.as_deref());
            let Some(url) = url.filter(|_| who_knows != Some(application)) else {
                continue;
            };
            let document = Envelope {
                id: &format!("_{}", random::guid()),
                issuer: &issuer(tenant),
                destination: url,
                in_response_to: None,
                now,
            }
            .logout_request(name_id, session_index)?;
            let address = redirect::address(url, "SAMLRequest", &document, None, signer);
            addresses.push(address.map_err(WriteError::from)?);
        }
        Ok(addresses)
    }
}
