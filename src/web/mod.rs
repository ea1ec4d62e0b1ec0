//! The HTTP edge of the identity provider: routes, pages, cookies, headers.
//!
//! It turns HTTP into a typed request, lets [`crate::signin`] decide, and turns the decision into
//! a page. It decides nothing about identity itself. Every answer to a person carries the
//! correlation id that the log and the audit line carry.

mod browser;
mod operations;
mod pages;
mod pending;
mod refusal;
mod reply;
mod sign_in_form;
mod single_sign_on;

pub use operations::{Operations, Readiness};

use std::{sync::Arc, time::Duration};

use hyper::{Method, StatusCode};

use crate::{
    http::{Request, Response, ResponseFuture, Service, response},
    keys::{KeyError, KeyRing},
    observe::CorrelationId,
    saml2::{self, Endpoints},
    signin::SignIn,
    trust::Trusts,
};

use pending::Seal;
use refusal::Refused;

/// How the identity provider is seen from outside.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Scheme, host and port as browsers see them, without a slash at the end.
    pub base_url: String,
    /// Whom people write to when they need help.
    pub support_contact: Option<String>,
    /// How old a request may be when it arrives.
    pub request_lifetime: Duration,
    /// How far a relying party's clock may be ahead of ours.
    pub clock_skew: Duration,
}

/// The address that requests come to, below the base URL.
pub const SSO_PATH: &str = "/saml2/sso";

impl Edge {
    /// The absolute address that requests come to: metadata names it, and a request's
    /// `Destination` must equal it.
    pub fn sso_url(&self) -> String {
        format!("{}{SSO_PATH}", self.base_url)
    }

    /// The longest time between a request's first answer and the last moment at which the same
    /// request could be brought again: from a clock that is ahead of ours to the last moment that
    /// its age permits, and then on a page that waits for its password.
    pub fn longest_presentable(&self) -> Duration {
        self.request_lifetime + self.clock_skew * 2 + pending::LIFETIME
    }
}

/// The identity provider as a service.
pub struct IdentityProvider {
    edge: Edge,
    sign_in: SignIn,
    trusts: Arc<Trusts>,
    keys: Arc<KeyRing>,
    seal: Seal,
}

impl IdentityProvider {
    /// # Errors
    /// When the system gives no random bytes for the seal of pending requests.
    pub fn new(
        edge: Edge,
        sign_in: SignIn,
        trusts: Arc<Trusts>,
        keys: Arc<KeyRing>,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            edge,
            sign_in,
            trusts,
            keys,
            seal: Seal::random()?,
        })
    }

    async fn route(&self, request: Request) -> Response {
        let correlation = CorrelationId::random();
        let outcome = match (&request.method, request.path.as_str()) {
            (&Method::GET | &Method::POST, SSO_PATH) => {
                self.single_sign_on(&request, &correlation).await
            }
            (&Method::POST, "/signin") => self.sign_in_form(&request, &correlation).await,
            (&Method::GET, path) if path == "/metadata" || path.starts_with("/metadata/") => {
                self.metadata(path.trim_start_matches("/metadata").trim_start_matches('/'))
            }
            (&Method::GET, "/") => Err(Refused::NothingHere),
            (_, SSO_PATH | "/signin" | "/metadata" | "/") => Err(Refused::Method),
            _ => Err(Refused::NotFound),
        };
        outcome.unwrap_or_else(|refused| self.refuse(&refused, &correlation))
    }

    /// The metadata of the federated domain with this suffix; of the first one when it is empty.
    fn metadata(&self, suffix: &str) -> Result<Response, Refused> {
        let domain = match suffix {
            "" => self.trusts.domains().first(),
            suffix => self.trusts.domain(suffix),
        };
        let endpoints = Endpoints {
            entity_id: &domain.ok_or(Refused::NotFound)?.issuer,
            single_sign_on: &self.edge.sso_url(),
        };
        let document = saml2::identity_provider_metadata(&endpoints, &self.keys)
            .map_err(|error| Refused::Internal(error.to_string()))?;
        Ok(response::typed(
            StatusCode::OK,
            "application/samlmetadata+xml",
            document,
        ))
    }
}

impl Service for IdentityProvider {
    fn handle(&self, request: Request) -> ResponseFuture<'_> {
        Box::pin(self.route(request))
    }
}
