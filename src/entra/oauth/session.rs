//! What a browser that has signed in to an application is known by afterwards, and the way out.

use hyper::{Method, StatusCode};
use time::OffsetDateTime;

use super::{Person, deliver::with_parameters, request::unreadable};
use crate::{
    entra::{
        Address, Authentication, DomainName, Simulator, Tenant, Tenants, begin,
        pages::{self, PageError},
        saml_application::Participant,
        verify::SignedIn,
    },
    http::{Cookie, Form, Request, Response, SameSite},
};

/// The cookie's name, behind its prefix.
const COOKIE: &str = "EntraSimulator";
/// Requests come in forms of other sites, and in their frames.
const SAME_SITE: SameSite = SameSite::None;

/// Somebody who has signed in with a browser.
#[derive(Clone, Debug)]
pub(in crate::entra) struct Session {
    pub(in crate::entra) person: Person,
    /// What the identity provider said.
    pub(in crate::entra) signed_in: SignedIn,
    /// The applications by SAML that were told.
    pub(in crate::entra) participants: Vec<Participant>,
}

impl Simulator {
    /// Has the browser known from here on, by a name that is given back. Which applications know the
    /// same person already is not forgotten.
    pub(in crate::entra) fn begin_session(
        &self,
        request: &Request,
        person: &Person,
        signed_in: &SignedIn,
        response: &mut Response,
        now: OffsetDateTime,
    ) -> Result<String, PageError> {
        let cookie = request.host_cookie(COOKIE);
        let old = cookie.and_then(|cookie| self.provider.sessions.take(cookie, now).ok());
        let session = Session {
            person: person.clone(),
            signed_in: signed_in.clone(),
            participants: old
                .filter(|old| old.person == *person)
                .map_or_else(Vec::new, |old| old.participants),
        };
        let name = self.provider.sessions.hold(session, now);
        Cookie::new(COOKIE, name.clone(), SAME_SITE)?.set_on(response)?;
        Ok(name)
    }

    /// Has the browser forgotten.
    pub(in crate::entra) fn forget_session(response: &mut Response) -> Result<(), PageError> {
        Ok(Cookie::removal(COOKIE, SAME_SITE)?.set_on(response)?)
    }

    /// Notes that an application by SAML knows of a session: the latest that it was told counts.
    pub(in crate::entra) fn take_part(
        &self,
        name: &str,
        participant: Participant,
        now: OffsetDateTime,
    ) {
        let noted = self.provider.sessions.with(name, now, |session| {
            let all = &mut session.participants;
            all.retain(|it| !it.is_of(&participant));
            all.push(participant);
        });
        if noted.is_err() {
            tracing::debug!("a session ended while an application was told of it");
        }
    }

    pub(in crate::entra) fn end_session(&self, name: &str, now: OffsetDateTime) -> Option<Session> {
        self.provider.sessions.take(name, now).ok()
    }

    /// Who has signed in with this browser, if a request may be answered for them without asking: at a tenant's address one of its users, and the one that the request hints at.
    pub(super) fn known(
        &self,
        request: &Request,
        tenant: &str,
        form: &Form,
        now: OffsetDateTime,
    ) -> Option<Person> {
        let hint = form.single("login_hint").ok()?;
        let (_, session) = self.session(request, tenant, hint, now)?;
        Some(session.person)
    }

    /// The same, with all that is known, and the session's name.
    pub(in crate::entra) fn session(
        &self,
        request: &Request,
        tenant: &str,
        hint: Option<&str>,
        now: OffsetDateTime,
    ) -> Option<(String, Session)> {
        let cookie = request.host_cookie(COOKIE)?;
        let sessions = &self.provider.sessions;
        let session = sessions.with(cookie, now, |session| session.clone()).ok()?;
        let person = &session.person;
        let tenants = self.tenants();
        if let Address::Tenanted(tenant) = begin::address(&tenants, tenant).ok()?
            && *tenant.name() != person.tenant
        {
            return None;
        }
        let mut users = tenants.of_domain(&person.tenant)?.users().iter();
        let user = users.find(|user| user.id == person.user)?;
        let is_meant = match hint {
            None | Some("") => true,
            Some(hint) => [
                Some(&user.user_principal_name),
                user.on_premises_user_principal_name.as_ref(),
            ]
            .into_iter()
            .flatten()
            .any(|name| name.to_string().eq_ignore_ascii_case(hint)),
        };
        is_meant.then(|| (cookie.to_owned(), session))
    }

    /// The end of the session here, and the way on: to the identity provider, whose session is
    /// another one, and to the application (`OpenID` Connect RP-Initiated Logout 2).
    pub(in crate::entra) fn sign_out(
        &self,
        tenant: &str,
        request: &Request,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let tenants = self.tenants();
        let form = match request.method {
            Method::POST => request.form(),
            _ => request.query(),
        };
        let wanted = form.map_err(unreadable).and_then(|form| {
            begin::address(&tenants, tenant)?;
            let single = |name| form.single(name).map_err(unreadable);
            let back = single("post_logout_redirect_uri")?;
            // Where it is registered nowhere, the page is the end, as at Entra.
            let back = back.filter(|uri| is_registered(&tenants, uri));
            Ok(back
                .map(str::to_owned)
                .zip(Some(single("state")?.map(str::to_owned))))
        });
        let back = match wanted {
            Ok(back) => back,
            Err(refusal) => {
                return self.show(StatusCode::BAD_REQUEST, &self.refuse(refusal, now));
            }
        };
        let back = back.map(|(uri, state)| match state {
            Some(state) => with_parameters(&uri, '?', &[("state", state)]),
            None => uri,
        });
        let cookie = request.host_cookie(COOKIE);
        let session = cookie.and_then(|cookie| self.provider.sessions.take(cookie, now).ok());
        let frames = match &session {
            Some(session) => self.tell_others(session, None, now)?,
            None => Vec::new(),
        };
        let to_idp = session.and_then(|session| self.sign_out_uri(&session));
        let mut response = pages::signed_out(to_idp.as_deref(), back.as_deref(), &frames)?;
        Self::forget_session(&mut response)?;
        Ok(response)
    }

    /// Where a session's identity provider ends its own, as it stands: `signOutUri`.
    pub(in crate::entra) fn sign_out_uri(&self, session: &Session) -> Option<String> {
        let domain = DomainName::parse(&session.signed_in.domain).ok()?;
        let tenants = self.tenants();
        let domain = tenants.of_domain(&domain)?.domain(&domain)?;
        match &domain.authentication {
            Authentication::Federated(federation) => federation.sign_out_uri.clone(),
            Authentication::Managed | Authentication::Inherited => None,
        }
    }
}

fn is_registered(tenants: &Tenants, uri: &str) -> bool {
    tenants
        .iter()
        .flat_map(Tenant::applications)
        .any(|application| application.platform_of(uri).is_some())
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
