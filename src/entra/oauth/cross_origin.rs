//! Pages that redeem codes themselves: which may, and that browsers let them read the answer.

use hyper::{
    StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue, ORIGIN, VARY,
    },
};

use super::Platform;
use crate::{
    entra::{Application, ApplicationCode, Refusal, Simulator, Tenant},
    http::{Request, Response, response},
};

/// Whether what was given on `platform` may be redeemed from where the request comes.
pub(super) fn check(
    application: &Application,
    platform: Platform,
    request: &Request,
) -> Result<(), Refusal> {
    match (platform, request.header(ORIGIN.as_str())) {
        (Platform::Spa, Some(origin)) if application.has_pages_at(origin) => Ok(()),
        (Platform::Spa, None) => {
            Err(ApplicationCode::NotCrossOrigin.refuse("The request has no Origin."))
        }
        (_, None) => Ok(()),
        (_, Some(origin)) => {
            let origin: String = origin.chars().take(200).collect();
            Err(ApplicationCode::CrossOrigin.refuse(format!("Request origin: '{origin}'.")))
        }
    }
}

impl Simulator {
    /// Lets a page of a registered single-page application read an answer, a refusal, too.
    pub(in crate::entra) fn let_page_read(&self, request: &Request, answer: &mut Response) {
        let headers = answer.headers_mut();
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = request.header(ORIGIN.as_str()) else {
            return;
        };
        let tenants = self.tenants();
        let mut applications = tenants.iter().flat_map(Tenant::applications);
        if applications.any(|application| application.has_pages_at(origin))
            && let Ok(origin) = HeaderValue::from_str(origin)
        {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
    }

    /// What a browser asks before it lets a page ask.
    pub(in crate::entra) fn preflight(&self, request: &Request) -> Response {
        let mut answer = response::text(StatusCode::OK, "");
        self.let_page_read(request, &mut answer);
        let headers = answer.headers_mut();
        let methods = HeaderValue::from_static("POST");
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        let own = HeaderValue::from_static("content-type, client-request-id");
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, own);
        answer
    }
}

/// What pages of all origins may read.
pub(in crate::entra) fn for_everybody(mut answer: Response) -> Response {
    let any = HeaderValue::from_static("*");
    answer
        .headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_ORIGIN, any);
    answer
}

#[cfg(test)]
#[path = "cross_origin_tests.rs"]
mod tests;
