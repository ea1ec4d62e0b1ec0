//! A server of the edge with a service that echoes, and raw sockets to poke it with.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use homerealm::http::{
    Request, Response, ResponseFuture, Service, response,
    server::{Limits, Server},
};
use hyper::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Says what it got, and counts. Some paths misbehave, as their names say.
#[derive(Default)]
pub(crate) struct Echo {
    handled: AtomicUsize,
}

impl Service for Echo {
    fn handle(&self, request: Request) -> ResponseFuture<'_> {
        self.handled.fetch_add(1, Ordering::SeqCst);
        assert!(request.path() != "/panic", "asked to");
        Box::pin(async move {
            match request.path() {
                "/slow" => sleep(Duration::from_millis(400)).await,
                "/stuck" => std::future::pending().await,
                "/late-panic" => {
                    sleep(Duration::from_millis(10)).await;
                    panic!("asked to, later");
                }
                "/browser" => return as_a_browser_came(&request),
                "/large" => return response::text(StatusCode::OK, vec![b'x'; 300_000]),
                _ => {}
            }
            let said = format!(
                "{} {} {} {}",
                request.method,
                request.path(),
                request.raw_query(),
                request.body.len()
            );
            response::text(StatusCode::OK, said)
        })
    }
}

/// Says what a browser sent along, and sets the cookie and the policy that the query asks for.
fn as_a_browser_came(request: &Request) -> Response {
    let sent = |name| request.header(name).unwrap_or("-");
    let said = format!(
        "cookie {}; origin {}; site {}",
        request.cookie("__Host-s").unwrap_or("-"),
        sent("origin"),
        sent("sec-fetch-site")
    );
    let mut response = response::text(StatusCode::OK, said);
    let headers = response.headers_mut();
    let query = request.query().unwrap();
    if let Some(same_site) = query.single("cookie").unwrap() {
        let cookie = format!("__Host-s=1; Path=/; Secure; SameSite={same_site}");
        headers.append("set-cookie", cookie.parse().unwrap());
    }
    if let Some(policy) = query.single("policy").unwrap() {
        headers.append("referrer-policy", policy.parse().unwrap());
    }
    response
}

/// Small enough for tests to wait for.
pub(crate) fn limits() -> Limits {
    Limits {
        connections: 2_000,
        body: 64 * 1024,
        bodies_together: 128 * 1024,
        header_bytes: 16 * 1024,
        header_count: 32,
        header_read_timeout: Duration::from_millis(300),
        body_read_timeout: Duration::from_millis(300),
        handshake_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(800),
        handler_timeout: Duration::from_millis(600),
        write_timeout: Duration::from_millis(500),
        drain_timeout: Duration::from_millis(700),
    }
}

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<()>,
    echo: Arc<Echo>,
}

pub(crate) fn run(server: Server) -> Running {
    let echo = Arc::new(Echo::default());
    let shutdown = CancellationToken::new();
    Running {
        address: server.local_addr().unwrap(),
        task: tokio::spawn(server.serve(echo.clone(), shutdown.clone())),
        echo,
        shutdown,
    }
}

pub(crate) async fn bind() -> Server {
    Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap()
}

pub(crate) async fn start(limits: Limits) -> Running {
    run(bind().await.with_limits(limits))
}

impl Running {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Requests that have reached the service.
    pub(crate) fn handled(&self) -> usize {
        self.echo.handled.load(Ordering::SeqCst)
    }

    /// Sends octets on a new connection and reads until the server closes it.
    pub(crate) async fn exchange(&self, octets: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(octets).await.unwrap();
        read_to_close(&mut stream).await
    }

    pub(crate) async fn still_serves(&self) {
        let answer = self
            .exchange(b"GET /alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .await;
        assert_eq!(status(&answer), 200, "{answer}");
    }
}

/// Reads until the end, or a reset; fails when the connection is still open after three seconds.
pub(crate) async fn read_to_close(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(3), stream.read_to_end(&mut answer)).await;
    let _closed_or_reset = read.expect("the server left the connection open");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads what one answer on an open connection brings at once.
pub(crate) async fn read_some(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 4096];
    let read = timeout(Duration::from_secs(3), stream.read(&mut buffer)).await;
    let read = read.expect("no answer").expect("no connection");
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}

/// The status of the first answer, 0 when there was none.
pub(crate) fn status(answer: &str) -> u16 {
    answer
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.get(2..5))
        .map_or(0, |code| code.parse().unwrap())
}

pub(crate) fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}
