//! The operational listener: is the process alive, can it sign people in, and what does it measure?
//!
//! On an address of its own, so that it need not face the Internet.

use std::{future::Future, pin::Pin, sync::Arc};

use hyper::{Method, StatusCode};
use serde::Serialize;

use crate::{
    http::{Request, Response, ResponseFuture, Service, response},
    observe::Metrics,
};

/// Answers `/healthz`, `/readyz` and `/metrics`.
pub struct Operations<R> {
    readiness: R,
    metrics: Arc<Metrics>,
}

/// Whether people can sign in now.
pub trait Readiness: Send + Sync + 'static {
    /// `Ok`, or what stands in the way, in words for the operator.
    fn check(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>>;

    /// What is not as it should be although people can sign in, in words for the operator.
    fn degraded(&self) -> Option<String> {
        None
    }

    /// Tells `metrics` what is known at this moment.
    fn measure(&self, metrics: &Metrics) {
        let _ = metrics;
    }
}

#[derive(Serialize)]
struct State<'a> {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<String>,
}

impl<R: Readiness> Operations<R> {
    /// Asks `readiness` at each `/readyz`, and tells `metrics` at each `/metrics`.
    pub fn new(readiness: R, metrics: Arc<Metrics>) -> Self {
        Self { readiness, metrics }
    }

    async fn route(&self, request: Request) -> Response {
        match (&request.method, request.path()) {
            (&Method::GET | &Method::HEAD, "/healthz") => response::text(StatusCode::OK, "ok\n"),
            (&Method::GET | &Method::HEAD, "/readyz") => {
                let outcome = self.readiness.check().await;
                let cause = outcome.as_ref().err().map(String::as_str);
                let status = match cause {
                    None => StatusCode::OK,
                    Some(_) => StatusCode::SERVICE_UNAVAILABLE,
                };
                let state = State {
                    ready: cause.is_none(),
                    cause,
                    degraded: self.readiness.degraded(),
                };
                // A struct of a bool and strings cannot fail to serialise.
                response::json(status, serde_json::to_vec(&state).unwrap_or_default())
            }
            (&Method::GET | &Method::HEAD, "/metrics") => {
                self.readiness.measure(&self.metrics);
                let text = self.metrics.to_text();
                response::typed(StatusCode::OK, Metrics::CONTENT_TYPE, text)
            }
            _ => response::text(StatusCode::NOT_FOUND, "healthz, readyz, metrics\n"),
        }
    }
}

impl<R: Readiness> Service for Operations<R> {
    fn handle(&self, request: Request) -> ResponseFuture<'_> {
        Box::pin(self.route(request))
    }
}
