//! The simulator's pages. Whatever a page shows is escaped by its template.

use askama::Template;
use hyper::StatusCode;

use super::{
    Journey, Managed, Outcome, Refusal, ToIdp,
    verify::{Check, SignedIn},
};
use crate::http::{
    FormTarget, NoEntropy, Nonce, PageSecurity, Response,
    response::{self, BadHeader},
};

/// Why a page could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// The template's values could not be written.
    #[error("the page could not be written: {0}")]
    Template(#[from] askama::Error),
    /// The page's header fields could not be made.
    #[error(transparent)]
    Header(#[from] BadHeader),
    /// No nonce.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

#[derive(Template)]
#[template(path = "entra/start.html")]
struct Start<'a> {
    nonce: &'a str,
    application: &'a str,
    /// The first segment of the address: the tenant, or `common`.
    address: &'a str,
    /// The tenant to go to instead, where the address names none.
    tenant_instead: Option<&'a str>,
    /// Which application waits for the sign-in.
    context: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "entra/back.html")]
struct Back<'a> {
    nonce: &'a str,
    application: &'a str,
    /// Where to.
    address: &'a str,
    /// What is posted there; without it, everything is in the address.
    fields: Option<&'a [(&'static str, String)]>,
}

#[derive(Template)]
#[template(path = "entra/to_idp.html")]
struct Onward<'a> {
    nonce: &'a str,
    journey: &'a Journey,
}

#[derive(Template)]
#[template(path = "entra/password.html")]
struct Password<'a> {
    nonce: &'a str,
    address: &'a str,
    managed: &'a Managed,
}

#[derive(Template)]
#[template(path = "entra/signed_in.html")]
struct Accepted<'a> {
    nonce: &'a str,
    application: &'a str,
    tenant: &'a str,
    outcome: &'a Outcome,
    signed_in: &'a SignedIn,
}

#[derive(Template)]
#[template(path = "entra/refused.html")]
struct Refused<'a> {
    nonce: &'a str,
    tenant: &'a str,
    outcome: &'a Outcome,
    refusal: &'a Refusal,
    checks: &'a [Check],
}

#[derive(Template)]
#[template(path = "entra/device.html")]
struct Device<'a> {
    nonce: &'a str,
    /// The application that somebody has signed in to on the device, then.
    signed_in_to: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "entra/signed_out.html")]
struct SignedOut<'a> {
    nonce: &'a str,
    to_idp: Option<&'a str>,
    back: Option<&'a str>,
}

/// The application's door: it asks for the name.
pub(super) fn start(
    application: &str,
    address: &str,
    tenant_instead: Option<&str>,
    context: Option<&str>,
) -> Result<Response, PageError> {
    let nonce = Nonce::new()?;
    let page = Start {
        nonce: nonce.as_str(),
        application,
        address,
        tenant_instead,
        context,
    };
    let security = PageSecurity::new()
        .styles(&nonce)
        .forms_to(FormTarget::own());
    respond(StatusCode::OK, &page, &security)
}

/// Takes the browser to the identity provider; by itself where scripts run, else by a button or a
/// link.
pub(super) fn to_idp(journey: &Journey) -> Result<Response, PageError> {
    let nonce = Nonce::new()?;
    let page = Onward {
        nonce: nonce.as_str(),
        journey,
    };
    let mut security = PageSecurity::new().styles(&nonce).scripts(&nonce);
    if let ToIdp::Post(post) = &journey.request {
        security = security.forms_to(FormTarget::origin_of(&post.action)?);
    }
    respond(StatusCode::OK, &page, &security)
}

/// Takes the browser back to an application. A page and no redirect: what follows on a form may go
/// only where the form's page allows it, and that page is the identity provider's.
pub(super) fn go_back(application: &str, address: &str) -> Result<Response, PageError> {
    let nonce = Nonce::new()?;
    let page = Back {
        nonce: nonce.as_str(),
        application,
        address,
        fields: None,
    };
    let security = PageSecurity::new().styles(&nonce).scripts(&nonce);
    respond(StatusCode::OK, &page, &security)
}

/// The same, where the application wants the answer posted.
pub(super) fn post_back(
    application: &str,
    address: &str,
    fields: &[(&'static str, String)],
) -> Result<Response, PageError> {
    let nonce = Nonce::new()?;
    let page = Back {
        nonce: nonce.as_str(),
        application,
        address,
        fields: Some(fields),
    };
    let security = PageSecurity::new()
        .styles(&nonce)
        .scripts(&nonce)
        .forms_to(FormTarget::origin_of(address)?);
    respond(StatusCode::OK, &page, &security)
}

/// Asks for the code that a device shows, or says that all is done there.
pub(super) fn device(signed_in_to: Option<&str>) -> Result<Response, PageError> {
    let nonce = Nonce::new()?;
    let page = Device {
        nonce: nonce.as_str(),
        signed_in_to,
    };
    let security = PageSecurity::new()
        .styles(&nonce)
        .forms_to(FormTarget::own());
    respond(StatusCode::OK, &page, &security)
}

/// After a sign-out: on to the identity provider's own, if there is one, else to the application.
pub(super) fn signed_out(to_idp: Option<&str>, back: Option<&str>) -> Result<Response, PageError> {
    let nonce = Nonce::new()?;
    let page = SignedOut {
        nonce: nonce.as_str(),
        to_idp,
        back,
    };
    let security = PageSecurity::new().styles(&nonce).scripts(&nonce);
    respond(StatusCode::OK, &page, &security)
}

/// Where Entra itself would ask for the password.
pub(super) fn password(address: &str, managed: &Managed) -> Result<Response, PageError> {
    let nonce = Nonce::new()?;
    let page = Password {
        nonce: nonce.as_str(),
        address,
        managed,
    };
    respond(StatusCode::OK, &page, &PageSecurity::new().styles(&nonce))
}

/// The application, after a sign-in that Entra would accept.
pub(super) fn signed_in(
    application: &str,
    tenant: &str,
    outcome: &Outcome,
    signed_in: &SignedIn,
) -> Result<Response, PageError> {
    let nonce = Nonce::new()?;
    let page = Accepted {
        nonce: nonce.as_str(),
        application,
        tenant,
        outcome,
        signed_in,
    };
    respond(StatusCode::OK, &page, &PageSecurity::new().styles(&nonce))
}

/// Entra's error page, and why and how to mend it.
pub(super) fn refused(
    status: StatusCode,
    tenant: &str,
    outcome: &Outcome,
    refusal: &Refusal,
) -> Result<Response, PageError> {
    let nonce = Nonce::new()?;
    let checks = &outcome.checks;
    let page = Refused {
        nonce: nonce.as_str(),
        tenant,
        outcome,
        refusal,
        checks,
    };
    respond(status, &page, &PageSecurity::new().styles(&nonce))
}

fn respond(
    status: StatusCode,
    page: &impl Template,
    security: &PageSecurity,
) -> Result<Response, PageError> {
    let mut response = response::html(status, page.render()?);
    security.apply(&mut response)?;
    Ok(response)
}
