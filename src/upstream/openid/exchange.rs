//! What is fetched from the provider: bounded in size, in time, and in how much goes on at once.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hyper::{StatusCode, Uri};
use rustls::ClientConfig;
use tokio::sync::Semaphore;

use crate::{
    http::client::{Client, ClientError, Reply},
    openid::Posted,
};

/// Why an exchange brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExchangeError {
    /// No answer, or none that is HTTP, or too long.
    #[error("{host}: {cause}")]
    Failed { host: String, cause: String },
    /// The answer is something else than what was asked for. Redirects are not followed: where things
    /// are, the discovery document says.
    #[error("{host} answers with status {status}")]
    Status { host: String, status: StatusCode },
    /// So many wait for this provider already that it is of no use to be one more.
    #[error("too many wait for {0}")]
    Busy(String),
}

/// Speaks to a provider.
pub(super) struct Exchanges {
    tls: Arc<ClientConfig>,
    turns: Semaphore,
}

/// How long one may take, and how long its turn is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many at once.
const AT_ONCE: usize = 16;

/// The longest answer to a code, in octets.
const LARGEST_TOKENS: usize = 256 * 1024;

impl Exchanges {
    pub(super) fn new(tls: Arc<ClientConfig>) -> Self {
        Self {
            tls,
            turns: Semaphore::new(AT_ONCE),
        }
    }

    /// A document that anybody may have.
    pub(super) async fn document(&self, url: &Uri, largest: usize) -> Result<Bytes, ExchangeError> {
        let client = self.client(largest);
        let reply = self.turn(url, Wanted::Document, client).await?;
        good(url, reply)
    }

    /// A document for whoever has this token.
    pub(super) async fn document_for(
        &self,
        url: &Uri,
        access_token: &str,
    ) -> Result<Bytes, ExchangeError> {
        let client = self.client(LARGEST_TOKENS);
        let client = client
            .with_authorization(&format!("Bearer {access_token}"))
            .map_err(|error| failed(url, &error))?;
        let reply = self.turn(url, Wanted::Document, client).await?;
        good(url, reply)
    }

    /// The answer to a form, and whether its status says that it is one; an answer of a server that
    /// is out of order is an error.
    pub(super) async fn post(
        &self,
        url: &Uri,
        posted: &Posted,
    ) -> Result<(Bytes, bool), ExchangeError> {
        let mut client = self.client(LARGEST_TOKENS);
        if let Some(authorization) = &posted.authorization {
            client = client
                .with_authorization(authorization)
                .map_err(|error| failed(url, &error))?;
        }
        let wanted = Wanted::Form(&posted.fields);
        let reply = self.turn(url, wanted, client).await?;
        if reply.status.is_server_error() || reply.status.is_redirection() {
            return good(url, reply).map(|body| (body, false));
        }
        let accepted = reply.status == StatusCode::OK;
        Ok((reply.body, accepted))
    }

    /// Nothing is gained by keeping connections that are used once a sign-in, far apart, and nothing
    /// that a server sets is of use to the next.
    fn client(&self, largest: usize) -> Client {
        Client::new(self.tls.clone())
            .with_timeout(PATIENCE)
            .with_largest_body(largest)
    }

    async fn turn(
        &self,
        url: &Uri,
        wanted: Wanted<'_>,
        mut client: Client,
    ) -> Result<Reply, ExchangeError> {
        let busy = || ExchangeError::Busy(host(url));
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        let reply = match wanted {
            Wanted::Document => client.get(url, None).await,
            Wanted::Form(fields) => client.post_form(url, fields, None).await,
        };
        reply.map_err(|error| failed(url, &error))
    }
}

enum Wanted<'a> {
    Document,
    Form(&'a [(String, String)]),
}

fn good(url: &Uri, reply: Reply) -> Result<Bytes, ExchangeError> {
    if reply.status == StatusCode::OK {
        return Ok(reply.body);
    }
    Err(ExchangeError::Status {
        host: host(url),
        status: reply.status,
    })
}

fn failed(url: &Uri, error: &ClientError) -> ExchangeError {
    ExchangeError::Failed {
        host: host(url),
        cause: error.to_string(),
    }
}

/// Without the path, which may hold what is not for a log.
fn host(url: &Uri) -> String {
    let host = url.authority().map(hyper::http::uri::Authority::as_str);
    host.unwrap_or_default().to_owned()
}
