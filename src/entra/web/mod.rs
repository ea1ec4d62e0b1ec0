//! The simulator in a browser: addresses and pages round [`Simulator`].

use hyper::{Method, StatusCode, header::ALLOW, header::HeaderValue};
use time::OffsetDateTime;

use super::{
    Aadsts, Arrival, Decision, DomainHint, Next, Outcome, Simulator, WrittenBy, begin, graph,
    oauth::{Version, for_everybody},
    open_id::Endpoint,
    pages::{self, PageError},
    verify::Answer,
};
use crate::http::{
    Form, FormError, Request, Response, ResponseFuture, Service,
    response::{self, Redirect},
};

/// What a path leads to.
enum Place<'r> {
    /// `/`
    Root,
    /// `/{tenant}` or `/{tenant}/`: the application's door.
    Door(&'r str),
    /// `/{tenant}/login`: where the door's form goes, and deep links with `login_hint`.
    Login(&'r str),
    /// `/{tenant}/oauth2/v2.0/authorize`, and for v1 `/{tenant}/oauth2/authorize`: where applications
    /// send browsers.
    Authorize(&'r str, Version),
    /// `/{tenant}/oauth2/v2.0/logout`, and for v1 `/{tenant}/oauth2/logout`.
    SignOut(&'r str),
    /// `/devicelogin`: where people type the code that a device shows.
    DeviceLogin,
    /// `/login.srf`: where browsers bring answers.
    LoginSrf,
    /// Where applications ask without a browser.
    Application(Endpoint<'r>),
    /// Where administrators read and change tenants.
    Graph(graph::Call<'r>),
    /// Nothing is there.
    Nowhere,
}

/// Which application waits for a sign-in.
pub(super) struct Context(pub(super) String);

impl Place<'_> {
    fn of(path: &str) -> Place<'_> {
        let path = path.strip_prefix('/').unwrap_or(path);
        if let Some(endpoint) = Endpoint::of(path) {
            return Place::Application(endpoint);
        }
        if let Some(call) = graph::Call::of(path) {
            return Place::Graph(call);
        }
        match path.split_once('/') {
            None if path.is_empty() => Place::Root,
            None if path == "login.srf" => Place::LoginSrf,
            None if path == "devicelogin" => Place::DeviceLogin,
            None | Some((_, "")) => Place::Door(path.trim_end_matches('/')),
            Some((tenant, "login")) => Place::Login(tenant),
            Some((tenant, "oauth2/v2.0/logout" | "oauth2/logout")) => Place::SignOut(tenant),
            Some((tenant, "oauth2/v2.0/authorize")) => Place::Authorize(tenant, Version::V2),
            Some((tenant, "oauth2/authorize")) => Place::Authorize(tenant, Version::V1),
            Some(_) => Place::Nowhere,
        }
    }
}

impl Service for Simulator {
    fn handle(&self, request: Request) -> ResponseFuture<'_> {
        Box::pin(async move {
            self.respond(&request, OffsetDateTime::now_utc())
                .unwrap_or_else(|error| {
                    tracing::error!(%error, "the simulator could not answer");
                    response::text(StatusCode::INTERNAL_SERVER_ERROR, "The simulator failed.\n")
                })
        })
    }
}

impl Simulator {
    fn respond(&self, request: &Request, now: OffsetDateTime) -> Result<Response, PageError> {
        match (Place::of(&request.path), &request.method) {
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
            (Place::DeviceLogin, &Method::GET | &Method::POST) => self.device_login(request, now),
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
                Place::Login(_) | Place::Authorize(..) | Place::DeviceLogin | Place::SignOut(_),
                _,
            ) => Ok(not_allowed("GET, POST")),
            (Place::Root | Place::Door(_), _) => Ok(not_allowed("GET")),
        }
    }

    /// The application's door. Where the tenant's policy leads on at once, there is none.
    fn door(&self, name: &str, now: OffsetDateTime) -> Result<Response, PageError> {
        let arrival = Arrival {
            address: name,
            name: None,
            hint: DomainHint::default(),
            written_by: WrittenBy::Server,
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
        let Some(application) = self.waiting_application(context, now) else {
            let late = "No application waits for this sign-in: it has ended, or it took too long.";
            let outcome = self.refuse(Aadsts::MissingField.refuse(late), now);
            return self.show(StatusCode::BAD_REQUEST, &outcome);
        };
        let hint = DomainHint {
            application: Some(&application),
            ..arrival.hint
        };
        self.go_on(Arrival { hint, ..arrival }, Some(context), now)
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
            Err(error) => self.refuse(Aadsts::InvalidXml.refuse(format!("{error}.")), now),
        };
        if let Decision::SignedIn(signed_in) = &outcome.decision
            && let Some(delivered) = self.deliver(&outcome, signed_in, now)
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
                return refuse(Aadsts::WsFedMessageInvalid, both);
            }
            (None, None) if wa.is_some() => {
                return refuse(Aadsts::WsFedSignInResponse, "There is no field wresult.");
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
        match &outcome.decision {
            Decision::SignedIn(signed_in) => {
                pages::signed_in(self.application(), tenant, outcome, signed_in)
            }
            Decision::Refused(refusal) => pages::refused(status, tenant, outcome, refusal),
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
