//! What a browser that has signed in to an application is known by afterwards, and the way out.

use hyper::{Method, StatusCode};
use time::OffsetDateTime;

use super::{Person, deliver::with_parameters, request::unreadable};
use crate::{
    entra::{
        Address, Authentication, DomainName, Simulator, Tenant, Tenants, begin,
        pages::{self, PageError},
        verify::SignedIn,
    },
    http::{Cookie, Form, Request, Response, SameSite},
};

/// The cookie's name, behind its prefix.
const COOKIE: &str = "EntraSimulator";

/// Somebody who has signed in with a browser.
#[derive(Clone, Debug)]
pub(super) struct Session {
    person: Person,
    /// Whose federation has vouched.
    domain: DomainName,
}

impl Simulator {
    /// Has the browser known from here on.
    pub(super) fn begin_session(
        &self,
        person: &Person,
        signed_in: &SignedIn,
        response: &mut Response,
        now: OffsetDateTime,
    ) -> Result<(), PageError> {
        let Ok(domain) = DomainName::parse(&signed_in.domain) else {
            return Ok(());
        };
        let session = Session {
            person: person.clone(),
            domain,
        };
        let name = self.provider.sessions.hold(session, now);
        Ok(Cookie::new(COOKIE, name, SameSite::Lax)?.set_on(response)?)
    }

    /// Who has signed in with this browser, if a request may be answered for them without asking: at a tenant's address one of its users, and the one that the request hints at.
    pub(super) fn known(
        &self,
        request: &Request,
        tenant: &str,
        form: &Form,
        now: OffsetDateTime,
    ) -> Option<Person> {
        let cookie = request.cookie(&Cookie::full_name(COOKIE))?;
        let sessions = &self.provider.sessions;
        let session = sessions.with(cookie, now, |session| session.clone()).ok()?;
        let person = session.person;
        let tenants = self.tenants();
        if let Address::Tenanted(tenant) = begin::address(&tenants, tenant).ok()?
            && *tenant.name() != person.tenant
        {
            return None;
        }
        let mut users = tenants.of_domain(&person.tenant)?.users().iter();
        let user = users.find(|user| user.id == person.user)?;
        let is_meant = match form.single("login_hint").ok()? {
            None | Some("") => true,
            Some(hint) => [
                Some(&user.user_principal_name),
                user.on_premises_user_principal_name.as_ref(),
            ]
            .into_iter()
            .flatten()
            .any(|name| name.to_string().eq_ignore_ascii_case(hint)),
        };
        is_meant.then_some(person)
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
        let cookie = request.cookie(&Cookie::full_name(COOKIE));
        let session = cookie.and_then(|cookie| self.provider.sessions.take(cookie, now).ok());
        let to_idp = session.and_then(|session| sign_out_uri(&tenants, &session.domain));
        let mut response = pages::signed_out(to_idp.as_deref(), back.as_deref())?;
        Cookie::removal(COOKIE, SameSite::Lax)?.set_on(&mut response)?;
        Ok(response)
    }
}

fn is_registered(tenants: &Tenants, uri: &str) -> bool {
    tenants
        .iter()
        .flat_map(Tenant::applications)
        .any(|application| application.platform_of(uri).is_some())
}

/// `signOutUri` of a domain's federation, as it stands.
fn sign_out_uri(tenants: &Tenants, domain: &DomainName) -> Option<String> {
    let domain = tenants.of_domain(domain)?.domain(domain)?;
    match &domain.authentication {
        Authentication::Federated(federation) => federation.sign_out_uri.clone(),
        Authentication::Managed | Authentication::Inherited => None,
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
