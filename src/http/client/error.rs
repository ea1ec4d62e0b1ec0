use std::io;

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A URL that is not absolute http or https, or a reference of a kind not resolved here.
    #[error("cannot go to {0:?}")]
    Url(String),
    /// No connection, or no TLS session, could be made.
    #[error("cannot connect to {host}: {cause}")]
    Connect {
        /// The host, with its port.
        host: String,
        /// What the system or TLS said.
        cause: io::Error,
    },
    /// The exchange broke off, or what came is not HTTP.
    #[error("the exchange with the server failed: {0}")]
    Exchange(#[from] hyper::Error),
    /// A header value that cannot be sent.
    #[error("the request cannot be sent: {0}")]
    Request(#[from] hyper::http::Error),
    /// A cookie that is not bound to one host, or none at all.
    #[error("that is no cookie of one host")]
    Cookie,
    /// No answer in time.
    #[error("{0} did not answer in time")]
    Timeout(String),
    /// The answer is larger than anything a sign-in needs.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer names no place to go on to.
    #[error("the answer is no redirect")]
    NoRedirect,
}
