use std::{collections::HashMap, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Uri,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    header::{
        AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderValue, ORIGIN, REFERRER_POLICY, USER_AGENT,
    },
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{
    ClientError, Reply,
    jar::{Jar, Sending},
    origin::Origin,
};

/// One browser: its cookies, and one connection to each origin it has talked to.
pub struct Client {
    tls: Option<TlsConnector>,
    addresses: HashMap<String, SocketAddr>,
    timeout: Duration,
    largest_body: usize,
    authorization: Option<HeaderValue>,
    jar: Jar,
    connections: HashMap<Origin, SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A browser with no cookies, ten seconds of patience, and room for answers of 1 MiB.
    pub fn new(tls: Arc<ClientConfig>) -> Self {
        Self {
            tls: Some(TlsConnector::from(tls)),
            addresses: HashMap::new(),
            timeout: Duration::from_secs(10),
            largest_body: 1024 * 1024,
            authorization: None,
            jar: Jar::default(),
            connections: HashMap::new(),
        }
    }

    /// Sends what is for `host` ("idp.localhost", or "idp.localhost:8443" for that port alone) to
    /// this address, in place of what the resolver says. Names in URLs and certificates stay.
    #[must_use]
    pub fn with_address(mut self, host: &str, address: SocketAddr) -> Self {
        self.addresses.insert(host.to_ascii_lowercase(), address);
        self
    }

    /// Speaks plain HTTP to servers whose URLs say https, as the proxy in front of them does.
    /// Cookies and origins stay those of the URLs. For loopback only.
    #[must_use]
    pub fn as_tls_proxy(mut self) -> Self {
        self.tls = None;
        self
    }

    /// Sets how long one request may take, connecting included.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long an answer may be, in octets.
    #[must_use]
    pub fn with_largest_body(mut self, octets: usize) -> Self {
        self.largest_body = octets;
        self
    }

    /// Sends `Authorization` along with every request, whoever it goes to: for a program that talks to
    /// one server. What cannot stand in a header field is an error.
    pub fn with_authorization(mut self, value: &str) -> Result<Self, ClientError> {
        self.set_authorization(Some(value))?;
        Ok(self)
    }

    /// Sends another `Authorization` from now on, or none.
    ///
    /// # Errors
    /// What cannot stand in a header field.
    pub fn set_authorization(&mut self, value: Option<&str>) -> Result<(), ClientError> {
        self.authorization = None;
        if let Some(value) = value {
            let mut value = HeaderValue::from_str(value).map_err(hyper::http::Error::from)?;
            value.set_sensitive(true);
            self.authorization = Some(value);
        }
        Ok(())
    }

    /// Fetches a page. `from` is the page whose link or redirect is followed; `None` is an address
    /// typed by the person.
    pub async fn get(&mut self, url: &Uri, from: Option<&Reply>) -> Result<Reply, ClientError> {
        self.request(Method::GET, url, from, None).await
    }

    /// Sends a form. `from` is the page that the form stands on.
    pub async fn post_form(
        &mut self,
        url: &Uri,
        fields: &[(String, String)],
        from: Option<&Reply>,
    ) -> Result<Reply, ClientError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let form = Body::of("application/x-www-form-urlencoded", body);
        self.request(Method::POST, url, from, Some(form)).await
    }

    /// Sends a message of another kind than a form, as programs do: a SOAP envelope, say.
    pub async fn post(
        &mut self,
        url: &Uri,
        content_type: &'static str,
        body: String,
    ) -> Result<Reply, ClientError> {
        let message = Body::of(content_type, body);
        self.request(Method::POST, url, None, Some(message)).await
    }

    /// Calls an interface that speaks JSON, with a body or without.
    pub async fn call(
        &mut self,
        method: Method,
        url: &Uri,
        json: Option<String>,
    ) -> Result<Reply, ClientError> {
        let body = json.map(|json| Body::of("application/json", json));
        self.request(method, url, None, body).await
    }

    /// Sends a SOAP 1.2 message as MSAL does: with the header field `SOAPAction`, though SOAP 1.2 has
    /// none.
    pub async fn post_soap(
        &mut self,
        url: &Uri,
        action: &'static str,
        message: String,
    ) -> Result<Reply, ClientError> {
        let mut message = Body::of("application/soap+xml; charset=utf-8", message);
        message.soap_action = Some(action);
        self.request(Method::POST, url, None, Some(message)).await
    }

    /// The value of a cookie, as kept for a host.
    pub fn cookie(&self, host: &str, name: &str) -> Option<&str> {
        self.jar.value(host, name)
    }

    /// The names and values of all cookies, as kept for a host.
    pub fn cookies(&self, host: &str) -> impl Iterator<Item = (&str, &str)> {
        self.jar.values(host)
    }

    /// Keeps a cookie as if `url` had answered with this `Set-Cookie`.
    ///
    /// # Errors
    /// A URL that is not absolute http or https, and what is no cookie of one host.
    pub fn keep_cookie(&mut self, url: &Uri, set_cookie: &str) -> Result<(), ClientError> {
        let kept = self.jar.keep(set_cookie, &Origin::of(url)?, url.path());
        kept.ok_or(ClientError::Cookie)
    }

    /// Forgets all cookies, and keeps the connections.
    pub fn forget_cookies(&mut self) {
        self.jar = Jar::default();
    }

    /// Closes the connections, and keeps the cookies.
    pub fn disconnect(&mut self) {
        self.connections.clear();
    }

    async fn request(
        &mut self,
        method: Method,
        url: &Uri,
        from: Option<&Reply>,
        body: Option<Body>,
    ) -> Result<Reply, ClientError> {
        let origin = Origin::of(url)?;
        let request = self.compose(&method, url, &origin, from, body)?;
        let (timeout, largest) = (self.timeout, self.largest_body);
        let exchange = async {
            let (head, body) = self.send(&origin, request).await?.into_parts();
            Ok::<_, ClientError>((head, read(body, largest).await?))
        };
        let outcome = tokio::time::timeout(timeout, exchange)
            .await
            .unwrap_or_else(|_| Err(ClientError::Timeout(origin.authority())));
        if outcome.is_err() {
            // Whatever is still on its way belongs to nobody now.
            self.connections.remove(&origin);
        }
        let (head, body) = outcome?;
        self.jar.take(&head.headers, &origin, url.path());
        Ok(Reply {
            url: url.clone(),
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    fn compose(
        &self,
        method: &Method,
        url: &Uri,
        origin: &Origin,
        from: Option<&Reply>,
        body: Option<Body>,
    ) -> Result<hyper::Request<Full<Bytes>>, ClientError> {
        let initiator = from.map(|page| Origin::of(&page.url)).transpose()?;
        let cross_site = initiator
            .as_ref()
            .is_some_and(|initiator| !initiator.same_site(origin));
        let target = url.path_and_query().map_or("/", |target| target.as_str());
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, origin.authority())
            .header(USER_AGENT, concat!("homerealm/", env!("CARGO_PKG_VERSION")))
            .header("sec-fetch-site", fetch_site(initiator.as_ref(), origin));
        let sending = Sending {
            to: origin,
            path: url.path(),
            method,
            cross_site,
        };
        if let Some(cookies) = self.jar.header(&sending) {
            request = request.header(COOKIE, cookies);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(body) = &body {
            request = request.header(CONTENT_TYPE, body.content_type);
        }
        if let Some(action) = body.as_ref().and_then(|body| body.soap_action) {
            request = request.header("soapaction", action);
        }
        if !method.is_safe()
            && let (Some(page), Some(initiator)) = (from, &initiator)
        {
            request = request.header(ORIGIN, stated_origin(page, initiator));
        }
        let octets = body.map(|body| body.octets).unwrap_or_default();
        Ok(request.body(Full::new(Bytes::from(octets)))?)
    }

    async fn send(
        &mut self,
        origin: &Origin,
        mut request: hyper::Request<Full<Bytes>>,
    ) -> Result<hyper::Response<Incoming>, ClientError> {
        // The server may have closed an idle connection just now; then nothing was sent on it,
        // and a new one takes the request.
        if let Some(mut kept) = self.connections.remove(origin)
            && kept.ready().await.is_ok()
        {
            match kept.try_send_request(request).await {
                Ok(response) => {
                    self.connections.insert(origin.clone(), kept);
                    return Ok(response);
                }
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(failed.into_error().into()),
                },
            }
        }
        let mut fresh = self.connect(origin).await?;
        let response = fresh.send_request(request).await?;
        self.connections.insert(origin.clone(), fresh);
        Ok(response)
    }

    async fn connect(&self, origin: &Origin) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let failed = |cause| ClientError::Connect {
            host: origin.authority(),
            cause,
        };
        let mapped = self
            .addresses
            .get(&format!("{}:{}", origin.host, origin.port))
            .or_else(|| self.addresses.get(&origin.host));
        let stream = if let Some(address) = mapped {
            TcpStream::connect(address).await
        } else {
            let host = origin.host.trim_matches(['[', ']']);
            // Names below localhost are this machine (RFC 6761 6.3), which not every resolver knows.
            let is_here = host.ends_with(".localhost");
            TcpStream::connect((if is_here { "localhost" } else { host }, origin.port)).await
        }
        .map_err(failed)?;
        let _ = stream.set_nodelay(true);
        let Some(tls) = self.tls.as_ref().filter(|_| origin.secure) else {
            return handshake(stream).await;
        };
        let name = ServerName::try_from(origin.host.trim_matches(['[', ']']).to_owned())
            .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        let stream = tls.connect(name, stream).await.map_err(failed)?;
        handshake(stream).await
    }
}

/// What a request brings along.
struct Body {
    content_type: &'static str,
    soap_action: Option<&'static str>,
    octets: String,
}

impl Body {
    fn of(content_type: &'static str, octets: String) -> Self {
        Self {
            content_type,
            soap_action: None,
            octets,
        }
    }
}

async fn handshake<S>(stream: S) -> Result<SendRequest<Full<Bytes>>, ClientError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends when the sender is dropped; errors come out of the sender.
    tokio::spawn(connection);
    Ok(sender)
}

async fn read(mut body: Incoming, largest: usize) -> Result<Bytes, ClientError> {
    let mut octets = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            if octets.len() + data.len() > largest {
                return Err(ClientError::TooLarge);
            }
            octets.extend_from_slice(data);
        }
    }
    Ok(octets.freeze())
}

/// What browsers say about who began a request (Fetch Metadata 2.3).
fn fetch_site(initiator: Option<&Origin>, to: &Origin) -> &'static str {
    match initiator {
        None => "none",
        Some(initiator) if initiator == to => "same-origin",
        Some(initiator) if initiator.same_site(to) => "same-site",
        Some(_) => "cross-site",
    }
}

/// The `Origin` of a form's request: "null" from a page that sends no referrer (Fetch 3.1).
fn stated_origin(page: &Reply, initiator: &Origin) -> String {
    let hidden = page
        .headers
        .get(REFERRER_POLICY)
        .is_some_and(|policy| policy == "no-referrer");
    if hidden {
        "null".to_owned()
    } else {
        initiator.serialized()
    }
}
