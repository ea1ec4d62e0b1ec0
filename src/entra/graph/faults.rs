//! Graph's bad days, on order: what a program does then can be tried.

use std::sync::{Mutex, PoisonError};

use hyper::{Method, StatusCode, header::HeaderValue, header::RETRY_AFTER};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, GraphError, document};
use crate::http::{Request, Response};

/// What goes wrong, in this order.
#[derive(Debug, Default)]
pub(in crate::entra) struct Faults(Mutex<Vec<Fault>>);

/// Requests that are answered wrongly.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Fault {
    method: String,
    /// How the path below `v1.0/` begins.
    path: String,
    /// From 400 to 599.
    status: u16,
    /// `Retry-After`, in seconds.
    retry_after: Option<u32>,
    /// How many such requests are answered rightly before.
    #[serde(default)]
    after: u32,
    /// How many are answered so.
    #[serde(default = "once")]
    times: u32,
    /// Whether what is asked for is done all the same, and only the answer is lost.
    #[serde(default)]
    done: bool,
}

fn once() -> u32 {
    1
}

impl Faults {
    /// Puts these in the place of all others.
    pub(super) fn order(&self, method: &Method, request: &Request) -> Result<Answer, GraphError> {
        if *method != Method::POST {
            return Err(GraphError::NotAllowed("POST"));
        }
        let ordered: Vec<Fault> = super::Body::of(request)?
            .take("value")
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| GraphError::bad_request(format!("{error}.")))?
            .unwrap_or_default();
        if ordered.iter().any(|it| !(400..600).contains(&it.status)) {
            return Err(GraphError::bad_request("A status is no error."));
        }
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *faults = ordered;
        Ok(Answer::Nothing)
    }

    /// The fault that this request meets, if any.
    pub(super) fn strike(&self, method: &Method, path: &str) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let met = |it: &Fault| it.method == method.as_str() && path.starts_with(&it.path);
        let index = faults.iter().position(met)?;
        let fault = faults.get_mut(index)?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        fault.times = fault.times.saturating_sub(1);
        let struck = fault.clone();
        if fault.times == 0 {
            faults.remove(index);
        }
        Some(struck)
    }
}

impl Fault {
    /// Whether the request is carried out.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// The answer.
    pub(super) fn answer(&self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let code = match self.status {
            429 => "TooManyRequests",
            503 => "ServiceUnavailable",
            504 => "GatewayTimeout",
            _ => "UnknownError",
        };
        let content = json!({"error": {"code": code, "message": "This fault was ordered."}});
        let mut answer = document(status, &content);
        if let Some(seconds) = self.retry_after {
            answer
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}
