//! The machinery of an HTTP edge: listener, TLS, limits, and requests and responses as values;
//! and a client, for those who walk through the edge as a browser does.
//!
//! [`crate::web`] (the identity provider) and [`crate::entra`] (the simulator) both stand on it;
//! it knows neither.

pub mod client;
mod cookie;
mod form;
mod page_form;
mod page_security;
mod proxies;
mod request;
pub mod response;
mod second_name;
pub mod server;
pub mod tls;

pub use cookie::{Cookie, SameSite};
pub use form::{Form, FormError};
pub use page_form::{ForeignPage, OwnFields, PageForm, PageFormError, SignInForm, page_link};
pub use page_security::{FormTarget, NoEntropy, Nonce, PageSecurity};
pub use proxies::TrustedProxies;
pub use request::Request;

use std::{future::Future, pin::Pin};

use bytes::Bytes;
use http_body_util::Full;

/// A response, wholly in memory: nothing that Homerealm sends is large.
pub type Response = hyper::Response<Full<Bytes>>;

/// What a [`Service`] returns.
pub type ResponseFuture<'a> = Pin<Box<dyn Future<Output = Response> + Send + 'a>>;

/// Something that answers requests. The request's body has been read, within its limit, before.
pub trait Service: Send + Sync + 'static {
    /// Answers one request. A panic here costs only this request, but must not happen.
    fn handle(&self, request: Request) -> ResponseFuture<'_>;

    /// Answers a request that the listener refused before there was a [`Request`] to handle. The
    /// connection is closed behind the answer.
    fn refuse(&self, refusal: server::Refusal) -> Response {
        refusal.to_response()
    }
}
