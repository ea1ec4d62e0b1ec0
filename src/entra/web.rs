//! The simulator in a browser: addresses and pages round [`Simulator`].

use hyper::{Method, StatusCode, header::ALLOW, header::HeaderValue};
use time::OffsetDateTime;

use super::{
    Aadsts, Address, Decision, DomainName, Next, Outcome, Refusal, Simulator, WrittenBy,
    open_id::{self, Endpoint},
    pages::{self, PageError},
    verify::Answer,
};
use crate::http::{
    Request, Response, ResponseFuture, Service,
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
    /// `/login.srf`: where browsers bring answers.
    LoginSrf,
    /// Where applications ask without a browser.
    Application(Endpoint<'r>),
    /// Nothing is there.
    Nowhere,
}

impl Place<'_> {
    fn of(path: &str) -> Place<'_> {
        let path = path.strip_prefix('/').unwrap_or(path);
        if let Some(endpoint) = Endpoint::of(path) {
            return Place::Application(endpoint);
        }
        match path.split_once('/') {
            None if path.is_empty() => Place::Root,
            None if path == "login.srf" => Place::LoginSrf,
            None | Some((_, "")) => Place::Door(path.trim_end_matches('/')),
            Some((tenant, "login")) => Place::Login(tenant),
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
        let tenant = self.tenant();
        let tenant = tenant.name().as_str();
        match (Place::of(&request.path), &request.method) {
            (Place::Root, &Method::GET) => {
                Ok(response::redirect(Redirect::Found, &format!("/{tenant}/"))?)
            }
            (Place::Door(name), &Method::GET) => match self.address(name) {
                Some(Address::Tenanted) => pages::start(self.application(), name, None),
                Some(Address::Common) => pages::start(self.application(), name, Some(tenant)),
                None => self.no_such_tenant(name, now),
            },
            (Place::Login(name), &Method::GET | &Method::POST) => match self.address(name) {
                Some(address) => self.login(name, address, request, now),
                None => self.no_such_tenant(name, now),
            },
            (Place::LoginSrf, &Method::POST) => self.login_srf(request, now),
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
            (Place::Login(_), _) => Ok(not_allowed("GET, POST")),
            (Place::Root | Place::Door(_), _) => Ok(not_allowed("GET")),
        }
    }

    fn address(&self, name: &str) -> Option<Address> {
        if matches!(name, "common" | "organizations") {
            return Some(Address::Common);
        }
        // Any verified domain names its tenant.
        let name = DomainName::parse(name).ok()?;
        self.tenant().domain(&name).map(|_| Address::Tenanted)
    }

    fn login(
        &self,
        name: &str,
        address: Address,
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
        let said = form.and_then(|form| {
            let hint = form.single("domain_hint")?.or(form.single("whr")?);
            let typed = form.single("login_hint")?;
            Ok((hint.map(str::to_owned), typed.map(str::to_owned)))
        });
        let typed = match said {
            Ok((hint, typed)) => {
                let journey =
                    hint.and_then(|hint| self.begin_at_domain(&hint, typed.as_deref(), now));
                if let Some(journey) = journey {
                    return pages::to_idp(typed.as_deref().unwrap_or_default(), &journey);
                }
                match typed {
                    Some(typed) => typed,
                    None => return pages::start(self.application(), name, None),
                }
            }
            Err(error) => {
                let refusal = Aadsts::InvalidDomainName.refuse(format!("{error}."));
                return self.show(StatusCode::BAD_REQUEST, &self.refuse(refusal, now));
            }
        };
        match self.begin(&typed, address, written_by, now) {
            Ok(Next::GoToIdp(journey)) => pages::to_idp(typed.trim(), &journey),
            Ok(Next::AskPassword(user)) => pages::password(name, &user),
            Err(outcome) => self.show(StatusCode::BAD_REQUEST, &outcome),
        }
    }

    fn login_srf(&self, request: &Request, now: OffsetDateTime) -> Result<Response, PageError> {
        let outcome = match self.posted_answer(request, now) {
            Ok(outcome) => outcome,
            Err(error) => self.refuse(Aadsts::InvalidXml.refuse(format!("{error}.")), now),
        };
        self.show(StatusCode::BAD_REQUEST, &outcome)
    }

    fn posted_answer(
        &self,
        request: &Request,
        now: OffsetDateTime,
    ) -> Result<Outcome, crate::http::FormError> {
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
            Endpoint::UserRealm(name) => open_id::document(StatusCode::OK, &self.user_realm(name)),
            Endpoint::UserInfo => self.user_info(request, now),
            Endpoint::Configuration(tenant) | Endpoint::Token(tenant)
                if self.address(tenant).is_none() =>
            {
                self.refuse_application(&self.unknown_tenant(tenant), now)
            }
            Endpoint::Configuration(tenant) => self.openid_configuration(tenant),
            Endpoint::Token(_) => self.token(request, now),
        }
    }

    fn no_such_tenant(&self, name: &str, now: OffsetDateTime) -> Result<Response, PageError> {
        let refusal = self.unknown_tenant(name);
        self.show(StatusCode::NOT_FOUND, &self.refuse(refusal, now))
    }

    fn unknown_tenant(&self, name: &str) -> Refusal {
        let name: String = name.chars().take(100).collect();
        Aadsts::TenantNotFound.refuse_saying(
            format!("Tenant '{name}' not found."),
            format!("The tenant here is {}.", self.tenant().name()),
        )
    }

    /// The page of an outcome; `status` is for a refusal.
    fn show(&self, status: StatusCode, outcome: &Outcome) -> Result<Response, PageError> {
        let tenant = self.tenant();
        let tenant = tenant.name().as_str();
        match &outcome.decision {
            Decision::SignedIn(signed_in) => {
                pages::signed_in(self.application(), tenant, outcome, signed_in)
            }
            Decision::Refused(refusal) => pages::refused(status, tenant, outcome, refusal),
        }
    }
}

fn not_allowed(methods: &'static str) -> Response {
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
#[path = "web_tests.rs"]
pub(super) mod tests;

#[cfg(test)]
#[path = "domain_hint_tests.rs"]
mod domain_hint_tests;
