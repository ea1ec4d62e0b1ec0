//! The machinery of an HTTP edge: listener, TLS, limits, and requests and responses as values.
//!
//! [`crate::web`] (the identity provider) and [`crate::entra`] (the simulator) both stand on it;
//! it knows neither.

mod form;
mod request;

pub use form::{Form, FormError};
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
    /// Answers one request. A panic here would end only this connection, but must not happen.
    fn handle(&self, request: Request) -> ResponseFuture<'_>;
}
