//! An application sends a browser, and gets an assertion back.

use hyper::StatusCode;
use time::OffsetDateTime;

use super::{
    Asked, AuthnRequest, Participant, SAMLP, application,
    head::{Head, not, shown},
    issuer,
    message::Message,
    response::{Assertion, Envelope},
    subject::{Method, Subject},
};
use crate::{
    entra::{
        Aadsts, Address, Application, Arrival, Demand, DomainHint, ObjectId, Refusal,
        SamlApplicationCode, Simulator, Tenants, WrittenBy, begin, instant,
        oauth::{Person, Session},
        pages::PageError,
        random,
        verify::SignedIn,
        web::{Context, domain_hint},
    },
    http::{Form, Request, Response, response},
};

/// A Response on its way, and how the application knows the session by it.
struct Answered {
    page: Response,
    participant: Participant,
}

impl Simulator {
    /// `/{tenant}/saml2`: requests of applications, and their answers about sign-outs.
    pub(in crate::entra) fn saml2(
        &self,
        tenant: &str,
        request: &Request,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let message = match Message::of(request) {
            Ok(message) => message,
            Err(refusal) => return self.show_refusal(refusal, now),
        };
        let root = &message.root;
        if root.is(SAMLP, "AuthnRequest") {
            match self.read_authn_request(tenant, message, now) {
                Ok(asked) => self.sign_in_to(tenant, request, asked, now),
                Err(refusal) => self.show_refusal(refusal, now),
            }
        } else if root.is(SAMLP, "LogoutRequest") {
            self.saml_sign_out(tenant, request, &message, now)
        } else if root.is(SAMLP, "LogoutResponse") {
            // Of an application that was told, in a frame of the page that has gone on.
            Ok(response::text(StatusCode::OK, "Signed out.\n"))
        } else {
            self.show_refusal(not(format!("It is a {}.", shown(root.local_name()))), now)
        }
    }

    /// `/api/signin/{appid}`: the application's user access URL, which nobody has asked at.
    pub(in crate::entra) fn user_access(
        &self,
        app_id: &str,
        request: &Request,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let read = request
            .query()
            .map_err(|error| error.to_string())
            .and_then(|query| {
                let tenant = query
                    .single("tenantId")
                    .map_err(|error| error.to_string())?;
                Ok(tenant.unwrap_or("common").to_owned())
            });
        let asked = read
            .map_err(|error| Aadsts::MissingField.refuse(format!("{error}.")))
            .and_then(|tenant| {
                let tenants = self.tenants();
                let address = begin::address(&tenants, &tenant)?;
                let application = by_app_id(&tenants, address, app_id)?;
                let asked = Asked::of(application, None, None)?;
                Ok((tenant, asked))
            });
        match asked {
            Ok((tenant, asked)) => self.sign_in_to(&tenant, request, asked, now),
            Err(refusal) => self.show_refusal(refusal, now),
        }
    }

    fn read_authn_request(
        &self,
        tenant: &str,
        message: Message,
        now: OffsetDateTime,
    ) -> Result<Asked, Refusal> {
        let tenants = self.tenants();
        let address = begin::address(&tenants, tenant)?;
        let head = Head::read(&message.root)?;
        let application = application(&tenants, address, &head.issuer)?;
        self.is_for_here(&head, address, now)?;
        let request = AuthnRequest::read(&message.root, &head)?;
        Asked::of(
            application,
            Some((head.issuer, request)),
            message.relay_state,
        )
    }

    /// Whether a request was sent here, and lately.
    pub(super) fn is_for_here(
        &self,
        head: &Head,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Result<(), Refusal> {
        let base = self.base_url();
        let names: Vec<String> = match address {
            Address::Tenanted(tenant) => std::iter::once(tenant.id().to_string())
                .chain(tenant.domains().iter().map(|it| it.name.to_string()))
                .collect(),
            Address::Common => vec!["common".to_owned(), "organizations".to_owned()],
        };
        head.is_for(names.into_iter().map(|name| format!("{base}/{name}/saml2")))?;
        head.is_of_now(now, self.settings().expectations.clock_skew)
    }

    /// Answers from a session, or sends the browser everybody's way.
    fn sign_in_to(
        &self,
        tenant: &str,
        request: &Request,
        asked: Asked,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let hints = request.query();
        let hints = hints.unwrap_or_default();
        let name = hint(&hints);
        let fresh = asked.request.as_ref().is_some_and(|it| it.is_forced);
        if !fresh && let Some((key, session)) = self.session(request, tenant, name, now) {
            return self.answer_from(&asked, &key, &session, now);
        }
        if asked.request.as_ref().is_some_and(|it| it.is_passive) {
            return self.answer_nobody(tenant, &asked, now);
        }
        let application = asked.application.to_string();
        let demand = asked.demand();
        let context = Context(self.saml_applications.0.hold(asked, now));
        let arrival = Arrival {
            address: tenant,
            name,
            hint: DomainHint {
                application: Some(&application),
                // What is there twice hints at nothing.
                ..domain_hint(&hints).unwrap_or_default()
            },
            written_by: WrittenBy::Server,
            demand,
        };
        self.go_on(arrival, Some(&context), now)
    }

    fn answer_from(
        &self,
        asked: &Asked,
        key: &str,
        session: &Session,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        match self.answer(asked, &session.person, &session.signed_in, now)? {
            Ok(Answered { page, participant }) => {
                self.take_part(key, participant, now);
                Ok(page)
            }
            Err(refusal) => self.show_refusal(refusal, now),
        }
    }

    /// What follows a sign-in that an application waits for.
    pub(in crate::entra) fn deliver_assertion(
        &self,
        asked: &Asked,
        request: &Request,
        person: &Person,
        signed_in: &SignedIn,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let (mut page, participant) = match self.answer(asked, person, signed_in, now)? {
            Ok(Answered { page, participant }) => (page, Some(participant)),
            Err(refusal) => (self.show_refusal(refusal, now)?, None),
        };
        let key = self.begin_session(request, person, signed_in, &mut page, now)?;
        if let Some(participant) = participant {
            self.take_part(&key, participant, now);
        }
        Ok(page)
    }

    /// The application that waits for a sign-in, and what it demands.
    pub(in crate::entra) fn waiting_saml_application(
        &self,
        context: &Context,
        now: OffsetDateTime,
    ) -> Option<(String, Demand)> {
        let waiting = &self.saml_applications.0;
        waiting
            .with(&context.0, now, |it| {
                (it.application.to_string(), it.demand())
            })
            .ok()
    }

    /// Takes what waits for a sign-in, if it is an application by SAML.
    pub(in crate::entra) fn waits_for_assertion(
        &self,
        context: &str,
        now: OffsetDateTime,
    ) -> Option<Asked> {
        self.saml_applications.0.take(context, now).ok()
    }

    /// The page that posts a Response, or why there is none.
    fn answer(
        &self,
        asked: &Asked,
        person: &Person,
        signed_in: &SignedIn,
        now: OffsetDateTime,
    ) -> Result<Result<Answered, Refusal>, PageError> {
        let tenants = self.tenants();
        let request = asked.request.as_ref();
        let method = Method::of(&signed_in.authn_context);
        if let Some(request) = request.filter(|it| !method.meets(&it.contexts)) {
            return Ok(Err(another_method(&method, &request.contexts)));
        }
        let found = tenants.of_domain(&person.tenant).and_then(|tenant| {
            let mut users = tenant.users().iter();
            Some((tenant, users.find(|user| user.id == person.user)?))
        });
        let Some((tenant, user)) = found else {
            let gone = "The user was deleted meanwhile.";
            return Ok(Err(Aadsts::UserAccountNotFound.refuse(gone)));
        };
        let signer = self.provider.signer().ok_or(PageError::NoKey)?;
        let subject = Subject {
            tenant,
            user,
            application: &asked.application,
        };
        let policy = request.map(|it| it.name_id.clone()).unwrap_or_default();
        let name_id = subject.name_id(&policy);
        let (id, assertion_id) = (
            format!("_{}", random::guid()),
            format!("_{}", random::guid()),
        );
        let document = Envelope {
            id: &id,
            issuer: &issuer(tenant),
            destination: &asked.reply_url,
            in_response_to: request.map(|it| it.id.as_str()),
            now,
        }
        .success(
            &Assertion {
                id: &assertion_id,
                audience: &asked.audience(),
                name_id: &name_id,
                claims: &subject.claims(&method),
                authn_instant: instant::parse(&signed_in.authn_instant).unwrap_or(now),
                authn_context: &method.class,
            },
            signer,
        )?;
        Ok(Ok(Answered {
            page: asked.post_back(&document)?,
            participant: Participant {
                application: asked.application.clone(),
                name_id,
                session_index: assertion_id,
            },
        }))
    }

    /// Tells an application that nobody was there.
    fn answer_nobody(
        &self,
        tenant: &str,
        asked: &Asked,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let nobody = "With this browser nobody has signed in whom the request could mean.";
        let refusal = SamlApplicationCode::SilentSignIn.refuse(nobody);
        let outcome = self.refuse(refusal.clone(), now);
        let tenants = self.tenants();
        let issuer = match begin::address(&tenants, tenant) {
            Ok(Address::Tenanted(tenant)) => issuer(tenant),
            _ => issuer(tenants.first()),
        };
        let document = Envelope {
            id: &format!("_{}", random::guid()),
            issuer: &issuer,
            destination: &asked.reply_url,
            in_response_to: asked.request.as_ref().map(|it| it.id.as_str()),
            now,
        }
        .no_passive(&outcome.told(&refusal))?;
        asked.post_back(&document)
    }

    pub(super) fn show_refusal(
        &self,
        refusal: Refusal,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        self.show(StatusCode::BAD_REQUEST, &self.refuse(refusal, now))
    }
}

fn by_app_id<'t>(
    tenants: &'t Tenants,
    address: Address<'t>,
    app_id: &str,
) -> Result<&'t Application, Refusal> {
    let id = ObjectId::parse(app_id)
        .map_err(|error| SamlApplicationCode::NoApplication.refuse(format!("{error}.")))?;
    application(tenants, address, id.as_str())
}

/// `login_hint`; what is there twice hints at nobody.
fn hint(query: &Form) -> Option<&str> {
    let hint = query.single("login_hint").ok().flatten();
    hint.filter(|name| !name.is_empty())
}

fn another_method(method: &Method, asked: &[String]) -> Refusal {
    let asked = shown(&asked.join(", "));
    SamlApplicationCode::AuthnContext.refuse_saying(
        format!(
            "Authentication method '{}' by which the user authenticated with the service doesn't \
             match requested authentication method {asked}.",
            method.class
        ),
        format!(
            "The identity provider says {}; RequestedAuthnContext is {asked}.",
            method.class
        ),
    )
}
