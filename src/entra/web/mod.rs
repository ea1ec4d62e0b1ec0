//! The simulator in a browser: addresses and pages round [`Simulator`].

mod place;

use hyper::{Method, StatusCode, header::ALLOW, header::HeaderValue};
use time::OffsetDateTime;

use self::place::Place;
use super::{
    Aadsts, Arrival, Decision, Demand, DomainHint, Next, Outcome, Simulator, WrittenBy, begin,
    flow,
    oauth::for_everybody,
    open_id::Endpoint,
    pages::{self, PageError},
    verify::Answer,
};
use crate::http::{
    Form, FormError, Request, Response, ResponseFuture, Service,
    response::{self, Redirect},
};

/// Which application waits for a sign-in.
pub(super) struct Context(pub(super) String);

impl Service for Simulator {
    fn handle(&self, request: Request) -> ResponseFuture<'_> {
        Box::pin(async move {
            self.respond(&request, self.now()).unwrap_or_else(|error| {
                tracing::error!(%error, "the simulator could not answer");
                response::text(StatusCode::INTERNAL_SERVER_ERROR, "The simulator failed.\n")
            })
        })
    }
}

impl Simulator {
    fn respond(&self, request: &Request, now: OffsetDateTime) -> Result<Response, PageError> {
        match (Place::of(request.path()), &request.method) {
            (Place::Root, &Method::GET) => {
                let door = format!("/{}/", self.tenants().first().name());
                Ok(response::redirect(Redirect::Found, &door)?)
            }
            (Place::Door(name), &Method::GET) => self.door(name, now),
            (Place::Login(name), &Method::GET | &Method::POST) => self.login(name, request, now),
            (Place::Authorize(name, version), &Method::GET | &Method::POST) => {
                self.authorize(name, version, request, now)
            }
            (Place::SignOut(name), &Method::GET | &Method::POST) => {
                self.sign_out(name, request, now)
            }
            (Place::Saml2(name), &Method::GET | &Method::POST) => self.saml2(name, request, now),
            (Place::FederationMetadata(name), &Method::GET) => {
                self.federation_metadata(name, request, now)
            }
            (Place::UserAccess(app_id), &Method::GET) => self.user_access(app_id, request, now),
            (Place::DeviceLogin, &Method::GET | &Method::POST) => self.device_login(request, now),
            (Place::Metadata, &Method::GET) => Ok(self.sp_metadata()),
            (Place::LoginSrf, &Method::POST) => self.login_srf(request, now),
            (Place::Graph(call), method) => Ok(self.graph(&call, method, request)),
            (Place::Application(Endpoint::Token(..)), &Method::OPTIONS) => {
                Ok(self.preflight(request))
            }
            (Place::Application(endpoint), method) if endpoint.method() == *method => {
                Ok(self.application_endpoint(&endpoint, request, now))
            }
            (Place::Application(endpoint), _) => Ok(not_allowed(match endpoint.method() {
                Method::POST => "POST",
                _ => "GET",
            })),
            (Place::Nowhere, _) => Ok(response::text(
                StatusCode::NOT_FOUND,
                "There is nothing at this address.\n",
            )),
            (Place::LoginSrf, _) => Ok(not_allowed("POST")),
            (
                Place::Login(_)
                | Place::Authorize(..)
                | Place::DeviceLogin
                | Place::SignOut(_)
                | Place::Saml2(_),
                _,
            ) => Ok(not_allowed("GET, POST")),
            (Place::Flows(place), &Method::GET) => self.show_flows(&place),
            (
                Place::Root
                | Place::Door(_)
                | Place::Metadata
                | Place::FederationMetadata(_)
                | Place::UserAccess(_)
                | Place::Flows(_),
                _,
            ) => Ok(not_allowed("GET")),
        }
    }

    /// The application's door. Where the tenant's policy leads on at once, there is none.
    fn door(&self, name: &str, now: OffsetDateTime) -> Result<Response, PageError> {
        let arrival = Arrival {
            address: name,
            name: None,
            hint: DomainHint::default(),
            written_by: WrittenBy::Server,
            demand: Demand::default(),
        };
        self.go_on(arrival, None, now)
    }

    fn login(
        &self,
        name: &str,
        request: &Request,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let form = if request.method == Method::POST {
            request.form()
        } else {
            request.query()
        };
        let written_by = match request.method {
            Method::POST => WrittenBy::Page,
            _ => WrittenBy::Server,
        };
        let arrival = form.as_ref().map_err(|error| *error).and_then(|form| {
            let arrival = Arrival {
                address: name,
                name: form.single("login_hint")?,
                hint: domain_hint(form)?,
                written_by,
                demand: demand(form)?,
            };
            Ok((arrival, form.single("ctx")?))
        });
        match arrival {
            Ok((arrival, None)) => self.go_on(arrival, None, now),
            Ok((arrival, Some(context))) => {
                self.go_on_for_application(arrival, &Context(context.to_owned()), now)
            }
            Err(error) => {
                let refusal = Aadsts::InvalidDomainName.refuse(format!("{error}."));
                self.show(StatusCode::BAD_REQUEST, &self.refuse(refusal, now))
            }
        }
    }

    /// The same, once somebody has typed a name on the way from an application.
    fn go_on_for_application(
        &self,
        arrival: Arrival<'_>,
        context: &Context,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let Some((application, demand)) = self.waiting_application(context, now) else {
            let late = "No application waits for this sign-in: it has ended, or it took too long.";
            let outcome = self.refuse(Aadsts::MissingField.refuse(late), now);
            return self.show(StatusCode::BAD_REQUEST, &outcome);
        };
        let hint = DomainHint {
            application: Some(&application),
            ..arrival.hint
        };
        let arrival = Arrival {
            hint,
            demand,
            ..arrival
        };
        self.go_on(arrival, Some(context), now)
    }

    /// The application in front, as the first hop of the sign-in that it waits for.
    fn record_application(&self, request_id: &str, context: &Context, now: OffsetDateTime) {
        let Some((application, _)) = self.waiting_application(context, now) else {
            return;
        };
        let what =
            format!("the application {application} sends somebody here, and waits for the answer");
        let between = (flow::Party::Application, flow::Party::Entra);
        let hop = flow::Hop::new("An application asks", what, between, now);
        self.flows().record_first(request_id, hop, now);
    }

    /// `context` says which application waits, if one does.
    pub(super) fn go_on(
        &self,
        arrival: Arrival<'_>,
        context: Option<&Context>,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        match self.begin(arrival, now) {
            Ok(Next::AskName) => self.ask_name(arrival.address, context),
            Ok(Next::GoToIdp(journey)) => {
                if let Some(context) = context {
                    self.record_application(&journey.request_id, context, now);
                    self.goes_with(&journey.request_id, context, now);
                }
                pages::to_idp(&journey)
            }
            Ok(Next::AskPassword(managed)) => pages::password(arrival.address, &managed),
            Err(outcome) => {
                let status = match &outcome.decision {
                    Decision::Refused(refusal) if refusal.code == Aadsts::TenantNotFound => {
                        StatusCode::NOT_FOUND
                    }
                    _ => StatusCode::BAD_REQUEST,
                };
                self.show(status, &outcome)
            }
        }
    }

    fn ask_name(&self, address: &str, context: Option<&Context>) -> Result<Response, PageError> {
        let tenants = self.tenants();
        let instead = match tenants.at_address(address) {
            Some(_) => None,
            None => Some(tenants.first().name().as_str()),
        };
        let context = context.map(|context| context.0.as_str());
        pages::start(self.application(), address, instead, context)
    }

    fn login_srf(&self, request: &Request, now: OffsetDateTime) -> Result<Response, PageError> {
        let outcome = match self.posted_answer(request, now) {
            Ok(outcome) => outcome,
            Err(error) => {
                let refusal = Aadsts::WsFedMessageNotRead.refuse(format!("{error}."));
                self.refuse(refusal, now)
            }
        };
        self.record_stray(&outcome, now);
        if let Decision::SignedIn(signed_in) = &outcome.decision
            && let Some(delivered) = self.deliver(request, &outcome, signed_in, now)
        {
            return delivered;
        }
        self.show(StatusCode::BAD_REQUEST, &outcome)
    }

    fn posted_answer(&self, request: &Request, now: OffsetDateTime) -> Result<Outcome, FormError> {
        let form = request.form()?;
        let (wa, wctx) = (form.single("wa")?, form.single("wctx")?);
        let relay_state = form.single("RelayState")?;
        let answers = (form.single("SAMLResponse")?, form.single("wresult")?);
        let refuse = |code: Aadsts, detail: &str| Ok(self.refuse(code.refuse(detail), now));
        let answer = match answers {
            (Some(saml_response), None) => Answer::Saml {
                saml_response,
                relay_state,
            },
            (None, Some(wresult)) => Answer::WsFederation { wa, wresult, wctx },
            (Some(_), Some(_)) => {
                let both = "There are both SAMLResponse and wresult: which would be the answer?";
                return refuse(Aadsts::WsFedMessageNotRead, both);
            }
            (None, None) if wa.is_some() => {
                return refuse(Aadsts::WsFedMessageNotRead, "There is no field wresult.");
            }
            (None, None) => {
                let none = "There is no field SAMLResponse, and no wresult.";
                return refuse(Aadsts::InvalidSamlToken, none);
            }
        };
        Ok(self.receive(answer, now))
    }

    /// Where applications ask. What cannot be answered is told them as JSON, too.
    fn application_endpoint(
        &self,
        endpoint: &Endpoint<'_>,
        request: &Request,
        now: OffsetDateTime,
    ) -> Response {
        match *endpoint {
            Endpoint::UserRealm(name) => self.user_realm_document(name, request, now),
            Endpoint::GetUserRealm => self.get_user_realm(request, now),
            Endpoint::CredentialType(tenant) => {
                let tenants = self.tenants();
                let address = begin::address(&tenants, tenant);
                self.credential_type(request, address, &tenants, now)
            }
            Endpoint::UserInfo => self.user_info(request, now),
            Endpoint::Keys => for_everybody(self.keys()),
            Endpoint::Instance => for_everybody(self.instance(request, now)),
            Endpoint::Configuration(tenant, version) => {
                for_everybody(match begin::address(&self.tenants(), tenant) {
                    Ok(address) => self.openid_configuration(tenant, address, version),
                    Err(refusal) => self.refuse_application(&refusal, now),
                })
            }
            Endpoint::DeviceCode(tenant) => match begin::address(&self.tenants(), tenant) {
                Ok(address) => self.device_code(request, tenant, address, now),
                Err(refusal) => self.refuse_application(&refusal, now),
            },
            Endpoint::Token(tenant, version) => {
                let mut answer = match begin::address(&self.tenants(), tenant) {
                    Ok(address) => self.token(request, address, version, now),
                    Err(refusal) => self.refuse_application(&refusal, now),
                };
                self.let_page_read(request, &mut answer);
                answer
            }
        }
    }

    /// The page of an outcome; `status` is for a refusal.
    pub(super) fn show(
        &self,
        status: StatusCode,
        outcome: &Outcome,
    ) -> Result<Response, PageError> {
        let tenants = self.tenants();
        let tenant = tenants.first().name().as_str();
        let flow = self.flows().id_of(&outcome.correlation_id);
        let end = pages::End {
            tenant,
            outcome,
            flow: flow.as_deref(),
        };
        match &outcome.decision {
            Decision::SignedIn(signed_in) => pages::signed_in(self.application(), end, signed_in),
            Decision::Refused(refusal) => pages::refused(status, end, refusal),
        }
    }
}

/// `domain_hint` is `OpenID` Connect's name for it, `whr` WS-Federation's and SAML's.
pub(super) fn domain_hint(form: &Form) -> Result<DomainHint<'_>, FormError> {
    let (by_open_id, by_whr) = (form.single("domain_hint")?, form.single("whr")?);
    Ok(DomainHint {
        domain: by_open_id.or(by_whr),
        application: form.single("client_id")?,
    })
}

/// `OpenID` Connect's `prompt`, of which other values than `login` change nothing here; and `mfa` and
/// `guests`, the simulator's own, in place of policies of the tenant.
pub(super) fn demand(form: &Form) -> Result<Demand, FormError> {
    Ok(Demand {
        fresh: form.single("prompt")? == Some("login"),
        mfa: form.single("mfa")? == Some("required"),
        members_only: form.single("guests")? == Some("refused"),
    })
}

pub(super) fn not_allowed(methods: &'static str) -> Response {
    let mut response = response::text(
        StatusCode::METHOD_NOT_ALLOWED,
        "This address takes no such request.\n",
    );
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
    response
}

#[cfg(test)]
pub(super) mod tests;
