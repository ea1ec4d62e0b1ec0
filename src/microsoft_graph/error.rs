use hyper::{StatusCode, Uri};
use serde::Deserialize;

use crate::{
    http::client::{ClientError, Reply},
    keys::KeyError,
};

/// Why Graph did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// It could not be asked.
    #[error(transparent)]
    Exchange(#[from] ClientError),
    /// It refuses, in its own words.
    #[error("Graph refuses ({status}, {code}): {message}{}", request(request_id.as_deref()))]
    Refused {
        /// The status of HTTP.
        status: StatusCode,
        /// `error.code`.
        code: String,
        /// `error.message`.
        message: String,
        /// `error.innerError.request-id`, which Microsoft's support asks for.
        request_id: Option<String>,
    },
    /// It asks to wait longer than is waited here.
    #[error("Graph is throttling: it took no request within {0} attempts")]
    Throttled(u32),
    /// The token endpoint gives no token.
    #[error("no token from {host} ({status}): {description}")]
    NoToken {
        /// The token endpoint's host.
        host: String,
        /// The status of HTTP.
        status: StatusCode,
        /// `error_description`, up to its first line break: the AADSTS code and its sentence.
        description: String,
    },
    /// The answer is not what Graph's documentation says.
    #[error("the answer of {url} is not understood: {cause}")]
    Answer {
        /// What was asked.
        url: Uri,
        /// What is odd about it.
        cause: String,
    },
    /// A page goes on at an address that is not Graph's own: the token would go there, too.
    #[error("Graph names {0:?} as the next page, which is not its own address")]
    Elsewhere(String),
    /// The key refused to sign the assertion.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl GraphError {
    /// Whether it says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::NOT_FOUND)
    }

    /// A refusal of Graph's.
    pub(super) fn refused(reply: &Reply) -> Self {
        let error = serde_json::from_slice::<Document>(&reply.body);
        let error = error.map(|document| document.error).unwrap_or_default();
        Self::Refused {
            status: reply.status,
            code: shown(&error.code, 100),
            message: shown(&error.message, 1_000),
            request_id: error.inner_error.request_id.map(|id| shown(&id, 100)),
        }
    }

    /// A refusal of the token endpoint's.
    pub(super) fn no_token(reply: &Reply) -> Self {
        let error: TokenRefusal = serde_json::from_slice(&reply.body).unwrap_or_default();
        let first_line = error.error_description.lines().next().unwrap_or_default();
        Self::NoToken {
            host: reply.url.host().unwrap_or_default().to_owned(),
            status: reply.status,
            description: shown(first_line, 1_000),
        }
    }
}

#[derive(Default, Deserialize)]
struct Document {
    #[serde(default)]
    error: Body,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    inner_error: Inner,
}

#[derive(Default, Deserialize)]
struct Inner {
    #[serde(default, rename = "request-id")]
    request_id: Option<String>,
}

#[derive(Default, Deserialize)]
struct TokenRefusal {
    #[serde(default)]
    error_description: String,
}

fn request(id: Option<&str>) -> String {
    id.map(|id| format!(" (request-id {id})"))
        .unwrap_or_default()
}

/// What somebody else wrote, fit for a line.
fn shown(text: &str, most: usize) -> String {
    let plain = |c: &char| !c.is_control();
    text.chars().filter(plain).take(most).collect()
}
