use std::{fmt::Write as _, sync::Arc, time::Duration};

use hyper::{Method, StatusCode, Uri, header::RETRY_AFTER};
use rustls::ClientConfig;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Credential, Endpoints, GraphError, credential::client_assertion};
use crate::http::client::{Client, Reply};

/// A client of Graph, for one tenant.
pub struct Graph {
    endpoints: Endpoints,
    credential: Credential,
    client: Client,
    token: Option<Token>,
    attempts: u32,
    longest_wait: Duration,
}

struct Token {
    value: Zeroizing<String>,
    /// When another one is fetched; never for one that somebody else fetched.
    until: Option<OffsetDateTime>,
}

/// A part of a collection.
#[derive(Debug, Deserialize)]
pub struct Page<T> {
    /// What is in it.
    pub value: Vec<T>,
    /// Where the next part is.
    #[serde(rename = "@odata.nextLink")]
    pub next_link: Option<String>,
    /// Where what changes from now on will be told, at the end of a delta query.
    #[serde(rename = "@odata.deltaLink")]
    pub delta_link: Option<String>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: u32,
}

/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// A page of a thousand users is far below.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;
/// A token is renewed this long before its end, for clocks that differ.
const MARGIN: time::Duration = time::Duration::minutes(5);

impl Graph {
    /// A client that has asked for nothing yet.
    pub fn new(endpoints: Endpoints, credential: Credential, tls: Arc<ClientConfig>) -> Self {
        let client = Client::new(tls)
            .with_timeout(PATIENCE)
            .with_largest_body(LARGEST_ANSWER);
        Self {
            endpoints,
            credential,
            client,
            token: None,
            attempts: 6,
            longest_wait: Duration::from_secs(120),
        }
    }

    /// Sets how often a request is tried that Graph has no room for, and how long one wait may be.
    #[must_use]
    pub fn with_patience(mut self, attempts: u32, longest_wait: Duration) -> Self {
        self.attempts = attempts.max(1);
        self.longest_wait = longest_wait;
        self
    }

    /// One thing, at a path below `v1.0/`.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, GraphError> {
        let url = self.at(path)?;
        read(&self.ask(Method::GET, &url, None).await?)
    }

    /// All of a collection, page by page.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn list<T: DeserializeOwned>(&mut self, path: &str) -> Result<Vec<T>, GraphError> {
        let mut page = self.page::<T>(path).await?;
        let mut all = page.value;
        while let Some(next) = page.next_link {
            page = self.page(&next).await?;
            all.append(&mut page.value);
        }
        Ok(all)
    }

    /// One page of a collection: at a path, or at the address that the page before it names.
    ///
    /// # Errors
    /// [`GraphError`]; [`GraphError::Elsewhere`] for an address that is not Graph's own.
    pub async fn page<T: DeserializeOwned>(&mut self, place: &str) -> Result<Page<T>, GraphError> {
        let url = if place.contains("://") {
            self.own(place)?
        } else {
            self.at(place)?
        };
        read(&self.ask(Method::GET, &url, None).await?)
    }

    /// Makes a thing, and returns it as it became.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, GraphError> {
        let url = self.at(path)?;
        let body = written(&url, body)?;
        read(&self.ask(Method::POST, &url, Some(body)).await?)
    }

    /// Changes some properties of a thing.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn patch(&mut self, path: &str, body: &impl Serialize) -> Result<(), GraphError> {
        let url = self.at(path)?;
        let body = written(&url, body)?;
        self.ask(Method::PATCH, &url, Some(body)).await.map(drop)
    }

    /// Takes a thing away.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn delete(&mut self, path: &str) -> Result<(), GraphError> {
        let url = self.at(path)?;
        self.ask(Method::DELETE, &url, None).await.map(drop)
    }

    /// Asks until Graph has room. An answer is a good one.
    async fn ask(
        &mut self,
        method: Method,
        url: &Uri,
        body: Option<String>,
    ) -> Result<Reply, GraphError> {
        let mut renewed = false;
        for attempt in 1..=self.attempts {
            let token = Zeroizing::new(format!("Bearer {}", self.token().await?.as_str()));
            self.client.set_authorization(Some(&token))?;
            let reply = self.client.call(method.clone(), url, body.clone()).await?;
            match reply.status {
                status if status.is_success() => return Ok(reply),
                // The token's time was over, or somebody has revoked it.
                StatusCode::UNAUTHORIZED if !renewed && self.can_renew() => {
                    renewed = true;
                    self.token = None;
                }
                status if is_passing(status, &method) && attempt < self.attempts => {
                    let wait = retry_after(&reply)
                        .unwrap_or_else(|| Duration::from_secs(1 << (attempt - 1).min(6)));
                    if wait > self.longest_wait {
                        return Err(GraphError::Throttled(attempt));
                    }
                    tracing::info!(%status, seconds = wait.as_secs(), "Graph asks to wait");
                    tokio::time::sleep(wait).await;
                }
                status if is_passing(status, &method) => break,
                _ => return Err(GraphError::refused(&reply)),
            }
        }
        Err(GraphError::Throttled(self.attempts))
    }

    fn can_renew(&self) -> bool {
        matches!(self.credential, Credential::Certificate { .. })
    }

    /// A token that is good, fetched if there is none.
    async fn token(&mut self) -> Result<Zeroizing<String>, GraphError> {
        let now = OffsetDateTime::now_utc();
        if let Some(token) = &self.token
            && token.until.is_none_or(|until| now < until)
        {
            return Ok(token.value.clone());
        }
        let token = match &self.credential {
            Credential::Token(value) => Token {
                value: value.clone(),
                until: None,
            },
            Credential::Certificate {
                tenant,
                client_id,
                signer,
            } => {
                let path = format!("/{tenant}/oauth2/v2.0/token");
                let url = beside(&self.endpoints.login, &path)?;
                let assertion = client_assertion(client_id, &url.to_string(), signer, now)?;
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                let scope = beside(&self.endpoints.graph, "/.default")?.to_string();
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id),
                    ("scope", &scope),
                    ("client_assertion_type", kind),
                    ("client_assertion", &assertion),
                ];
                let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
                self.client.set_authorization(None)?;
                let reply = self.client.post_form(&url, &form, None).await?;
                if reply.status != StatusCode::OK {
                    return Err(GraphError::no_token(&reply));
                }
                let answer: TokenAnswer = read(&reply)?;
                let life = time::Duration::seconds(answer.expires_in.into());
                Token {
                    value: Zeroizing::new(answer.access_token),
                    until: Some(now + life - MARGIN.min(life / 2)),
                }
            }
        };
        Ok(self.token.insert(token).value.clone())
    }

    fn at(&self, path: &str) -> Result<Uri, GraphError> {
        beside(&self.endpoints.graph, &format!("/v1.0/{path}"))
    }

    /// An address that Graph named, if it is its own.
    fn own(&self, address: &str) -> Result<Uri, GraphError> {
        let elsewhere = || GraphError::Elsewhere(address.chars().take(200).collect());
        let url: Uri = address.parse().map_err(|_| elsewhere())?;
        let graph = &self.endpoints.graph;
        if url.scheme() == graph.scheme() && url.authority() == graph.authority() {
            Ok(url)
        } else {
            Err(elsewhere())
        }
    }
}

/// A part of a path, with nothing in it that would divide it.
pub fn segment(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            written.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(written, "%{byte:02X}");
        }
    }
    written
}

/// Whether the same request may be sent again: Graph has not begun with it. After a gateway's timeout
/// nobody knows, so that what would be made twice is not tried again.
fn is_passing(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => true,
        StatusCode::GATEWAY_TIMEOUT => *method != Method::POST,
        _ => false,
    }
}

fn retry_after(reply: &Reply) -> Option<Duration> {
    let seconds = reply.headers.get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

fn beside(base: &Uri, path: &str) -> Result<Uri, GraphError> {
    let odd = |cause: String| GraphError::Answer {
        url: base.clone(),
        cause,
    };
    let mut parts = base.clone().into_parts();
    parts.path_and_query = Some(
        path.parse()
            .map_err(|error: http::uri::InvalidUri| odd(error.to_string()))?,
    );
    Uri::from_parts(parts).map_err(|error| odd(error.to_string()))
}

fn written(url: &Uri, body: &impl Serialize) -> Result<String, GraphError> {
    serde_json::to_string(body).map_err(|error| GraphError::Answer {
        url: url.clone(),
        cause: error.to_string(),
    })
}

fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, GraphError> {
    serde_json::from_slice(&reply.body).map_err(|error| GraphError::Answer {
        url: reply.url.clone(),
        cause: error.to_string(),
    })
}
