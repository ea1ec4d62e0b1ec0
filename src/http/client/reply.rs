use std::fmt;

use bytes::Bytes;
use hyper::{HeaderMap, StatusCode, Uri, header::LOCATION};

use super::{ClientError, origin::resolve};

/// An answer, read in full.
#[derive(Clone)]
pub struct Reply {
    /// The URL that answered.
    pub url: Uri,
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Reply {
    /// Where the answer sends one on to, resolved against its own URL.
    pub fn location(&self) -> Result<Uri, ClientError> {
        let location = self
            .headers
            .get(LOCATION)
            .filter(|_| self.status.is_redirection())
            .and_then(|value| value.to_str().ok())
            .ok_or(ClientError::NoRedirect)?;
        resolve(&self.url, location)
    }

    /// A URL or path found in the page, such as a form's action, made absolute.
    pub fn resolve(&self, reference: &str) -> Result<Uri, ClientError> {
        resolve(&self.url, reference)
    }

    /// The body as text, with what is not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl fmt::Debug for Reply {
    /// Without header values and body: they hold cookies and assertions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("host", &self.url.authority())
            .field("path", &self.url.path())
            .field("status", &self.status)
            .field("octets", &self.body.len())
            .finish_non_exhaustive()
    }
}
