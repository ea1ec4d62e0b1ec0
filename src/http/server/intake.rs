//! From hyper's request to ours: what is ambiguous or too much is refused before a service sees it.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::{
    HeaderMap, Method, StatusCode, Uri, Version,
    body::{Body, Incoming},
    header::{CONNECTION, EXPECT, HOST, HeaderValue, TRANSFER_ENCODING},
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::Limits;
use crate::http::{Request, Response, response};

/// Why a request never reached the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A method outside of RFC 9110 9.3 and RFC 5789, or one of a proxy.
    #[error("this method is not served here")]
    Method,
    /// Not origin-form (RFC 9112 3.2.1). Absolute-form is for proxies; a second place to name the
    /// host would only invite disagreement about which one counts.
    #[error("the request target must be a path")]
    Target,
    /// No `Host` in HTTP/1.1, or more than one (RFC 9112 3.2: answer 400).
    #[error("the request must name its host exactly once")]
    Host,
    /// Any `Transfer-Encoding`. hyper drops `Content-Length` where both are given, so the pair
    /// cannot be told from chunked alone; and forms and SOAP envelopes know their length. No
    /// chunked body at all means no request smuggling by one (RFC 9112 6.1, 11.2).
    #[error("the request must say the length of its body")]
    Length,
    /// The body is longer than the listener permits.
    #[error("the request is too large")]
    TooLarge,
    /// The body did not come in time.
    #[error("the request took too long to arrive")]
    TooSlow,
    /// The bodies that are being read together hold as much as they may.
    #[error("too many large requests are being read; try again in a moment")]
    Crowded,
    /// The connection broke within the body, or its framing did.
    #[error("the request broke off")]
    Broken,
}

impl Refusal {
    /// The status that says so.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::NOT_IMPLEMENTED,
            Self::Target | Self::Host | Self::Broken => StatusCode::BAD_REQUEST,
            Self::Length => StatusCode::LENGTH_REQUIRED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Crowded => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The plain answer, for services that have no page for it.
    pub fn to_response(self) -> Response {
        response::text(self.status(), format!("{self}\n"))
    }
}

/// Marks a response as the last one of its connection.
pub(super) fn closing(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Bodies up to this size are not counted against [`Limits::bodies_together`].
const SMALL_BODY: usize = 16 * 1024;

/// What the bodies in flight may hold together, in KiB.
pub(super) struct BodyBudget(Semaphore);

impl BodyBudget {
    pub(super) fn new(octets: usize) -> Self {
        Self(Semaphore::new((octets / 1024).min(Semaphore::MAX_PERMITS)))
    }

    fn reserve(&self, octets: usize) -> Result<Option<SemaphorePermit<'_>>, Refusal> {
        if octets <= SMALL_BODY {
            return Ok(None);
        }
        let kibibytes = u32::try_from(octets.div_ceil(1024)).map_err(|_| Refusal::TooLarge)?;
        self.0
            .try_acquire_many(kibibytes)
            .map(Some)
            .map_err(|_| Refusal::Crowded)
    }
}

/// A request read in full, with its share of the body budget.
pub(super) struct Admitted<'a> {
    pub(super) request: Request,
    /// Given back when the service has answered.
    pub(super) _budget: Option<SemaphorePermit<'a>>,
}

/// Checks the header fields, then reads the body.
pub(super) async fn admit<'a>(
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    limits: &Limits,
    budget: &'a BodyBudget,
) -> Result<Admitted<'a>, Refusal> {
    let (head, body) = request.into_parts();
    check_method(&head.method)?;
    check_target(&head.uri)?;
    check_host(head.version, &head.headers)?;
    if head.headers.contains_key(TRANSFER_ENCODING) {
        return Err(Refusal::Length);
    }

    // Without Transfer-Encoding, hyper takes the length from Content-Length, or 0.
    let length = body.size_hint().exact().ok_or(Refusal::Length)?;
    let Some(length) = usize::try_from(length)
        .ok()
        .filter(|&length| length <= limits.body)
    else {
        // A peer that waits for "100 Continue" has sent nothing that would have to be read.
        if !head.headers.contains_key(EXPECT) {
            let _ = timeout(limits.body_read_timeout, discard(body, limits.body)).await;
        }
        return Err(Refusal::TooLarge);
    };
    let reserved = budget.reserve(length)?;
    let body = timeout(limits.body_read_timeout, collect(body, length))
        .await
        .map_err(|_| Refusal::TooSlow)??;

    Ok(Admitted {
        request: Request {
            method: head.method,
            target: head
                .uri
                .into_parts()
                .path_and_query
                .ok_or(Refusal::Target)?,
            headers: head.headers,
            body,
            peer,
        },
        _budget: reserved,
    })
}

fn check_method(method: &Method) -> Result<(), Refusal> {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => Ok(()),
        _ => Err(Refusal::Method),
    }
}

fn check_target(target: &Uri) -> Result<(), Refusal> {
    let origin_form =
        target.scheme().is_none() && target.authority().is_none() && target.path().starts_with('/');
    origin_form.then_some(()).ok_or(Refusal::Target)
}

fn check_host(version: Version, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            let named = host
                .to_str()
                .is_ok_and(|host| !host.is_empty() && !host.contains(['/', '@', ',', ' ', '\\']));
            named.then_some(()).ok_or(Refusal::Host)
        }
        (None, _) if version < Version::HTTP_11 => Ok(()),
        _ => Err(Refusal::Host),
    }
}

async fn collect(mut body: Incoming, length: usize) -> Result<Bytes, Refusal> {
    // A claimed length reserves nothing beyond what a small body takes.
    let mut octets = BytesMut::with_capacity(length.min(SMALL_BODY));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::Broken)?;
        if let Some(data) = frame.data_ref() {
            octets.extend_from_slice(data);
        }
    }
    Ok(octets.freeze())
}

/// Reads some of a body that is too large: closing a socket with unread octets resets it, and the
/// peer might lose the answer. Who is far beyond the limit is cut off all the same.
async fn discard(mut body: Incoming, limit: usize) {
    let mut left = limit.saturating_mul(4);
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, Bytes::len);
        if size > left {
            return;
        }
        left -= size;
    }
}
