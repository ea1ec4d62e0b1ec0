use std::{fmt, net::SocketAddr};

use bytes::Bytes;
use http::uri::PathAndQuery;
use hyper::{HeaderMap, Method};

use super::{Cookie, Form, FormError};

/// One HTTP request, its body read in full.
#[derive(Clone)]
pub struct Request {
    /// GET, POST, ...
    pub method: Method,
    /// What is asked for, as received.
    pub target: PathAndQuery,
    /// Header fields.
    pub headers: HeaderMap,
    /// The body, within the listener's limit.
    pub body: Bytes,
    /// Who opened the connection.
    pub peer: SocketAddr,
}

impl fmt::Debug for Request {
    /// Without query, header values and body: they hold passwords, cookies and assertions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path())
            .field("peer", &self.peer)
            .field("octets", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Request {
    /// The path as received, percent-encoding untouched.
    pub fn path(&self) -> &str {
        self.target.path()
    }

    /// The octets behind `?` as received, "" where there is none: redirect-binding signatures
    /// are over these octets, not over any decoded form of them (SAML bindings 3.4.4.1).
    pub fn raw_query(&self) -> &str {
        self.target.query().unwrap_or_default()
    }

    /// A header's value where it is there and plain text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The value of a cookie, of the first one with this name.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.first_cookie(|key| key == name)
    }

    /// The value of a [`Cookie`] of ours. `name` is given without the prefix.
    pub fn host_cookie(&self, name: &str) -> Option<&str> {
        self.first_cookie(|key| key.strip_prefix(Cookie::PREFIX) == Some(name))
    }

    fn first_cookie(&self, is_it: impl Fn(&str) -> bool) -> Option<&str> {
        self.headers
            .get_all(hyper::header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| is_it(key).then_some(value))
    }

    /// The parameters of the query.
    pub fn query(&self) -> Result<Form, FormError> {
        Form::parse(self.raw_query().as_bytes())
    }

    /// The parameters of an `application/x-www-form-urlencoded` body.
    ///
    /// # Errors
    /// When the content type is another, or the body is not well-formed.
    pub fn form(&self) -> Result<Form, FormError> {
        let media_type = self.header("content-type").unwrap_or("");
        let essence = media_type.split(';').next().unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(FormError::ContentType);
        }
        Form::parse(&self.body)
    }
}
