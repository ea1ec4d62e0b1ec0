//! Responses of the few kinds that Homerealm sends.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, StatusCode, Uri,
    header::{CONTENT_TYPE, HeaderValue, LOCATION},
};

use super::Response;

/// A text that cannot stand in a response header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} cannot be sent: {reason}")]
pub struct BadHeader {
    /// Which header field, or part of one.
    pub field: &'static str,
    /// What is wrong with it; never the value itself, which may be a stranger's or a secret.
    pub reason: &'static str,
}

/// An HTML page.
pub fn html(status: StatusCode, body: impl Into<Bytes>) -> Response {
    typed(status, "text/html; charset=utf-8", body)
}

/// Plain text.
pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Response {
    typed(status, "text/plain; charset=utf-8", body)
}

/// A JSON document.
pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
    typed(status, "application/json", body)
}

/// A body with its media type, where the page kinds above do not fit (metadata, SOAP, CSS).
pub fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    // As many as a page with cookies has, in place of growing there.
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    *response.headers_mut() = headers;
    response
}

/// How a redirect is to be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// 302 Found: for a GET that goes elsewhere.
    Found,
    /// 303 See Other: after a POST, so that the browser comes back with GET and the form (and the
    /// password in it) is not sent on.
    SeeOther,
}

/// A redirect to `location`, an absolute URL or an absolute path.
///
/// # Errors
/// When `location` is neither, or names another scheme than `http` and `https`. Whether it is a
/// place that one may be sent to is for the caller to have decided.
pub fn redirect(kind: Redirect, location: &str) -> Result<Response, BadHeader> {
    let bad = |reason| BadHeader {
        field: "Location",
        reason,
    };
    let target: Uri = location.parse().map_err(|_| bad("it is not a URL"))?;
    match target.scheme_str() {
        Some("http" | "https") => {}
        Some(_) => return Err(bad("its scheme is not http or https")),
        // Two slashes, or a backslash that browsers read as one, would lead to another host.
        None if location.starts_with("//") || location.starts_with("/\\") => {
            return Err(bad("it is a path that browsers take for a host"));
        }
        None if !location.starts_with('/') => return Err(bad("it is not an absolute path")),
        None => {}
    }
    let value = HeaderValue::from_str(location).map_err(|_| bad("it has control characters"))?;
    let mut response = Response::new(Full::default());
    *response.status_mut() = match kind {
        Redirect::Found => StatusCode::FOUND,
        Redirect::SeeOther => StatusCode::SEE_OTHER,
    };
    response.headers_mut().insert(LOCATION, value);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_carry_status_and_location() {
        let found = redirect(Redirect::Found, "https://idp.example/a?b=c%20d").unwrap();
        assert_eq!(found.status(), 302);
        assert_eq!(found.headers()[LOCATION], "https://idp.example/a?b=c%20d");
        let other = redirect(Redirect::SeeOther, "/saml2/sso").unwrap();
        assert_eq!(other.status(), 303);
    }

    #[test]
    fn redirects_that_lead_astray_are_refused() {
        for bad in [
            "",
            "//evil.example/",
            "/\\evil.example/",
            "javascript:alert(1)",
            "javascript://x/",
            "relative",
            "https://a.example/\r\nSet-Cookie: a=b",
            "/a b",
            "/a\0",
        ] {
            assert!(redirect(Redirect::Found, bad).is_err(), "{bad:?}");
        }
    }
}
