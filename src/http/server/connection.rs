use std::{
    any::Any,
    convert::Infallible,
    io,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use hyper::{StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::{
    Limits, Service,
    intake::{BodyBudget, admit, closing},
    pace::{Paced, Turn},
};
use crate::http::{Request, Response, response};

/// What all connections of one listener share.
pub(super) struct Edge {
    pub(super) service: Arc<dyn Service>,
    pub(super) limits: Limits,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) budget: BodyBudget,
    /// Finish what is in flight, begin nothing.
    pub(super) stop: CancellationToken,
    /// Drop everything.
    pub(super) cut: CancellationToken,
}

impl Edge {
    /// Serves one connection until it ends.
    pub(super) async fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        let ended = tokio::select! {
            ended = self.connection(stream, peer) => ended,
            () = self.cut.cancelled() => return debug!(%peer, "cut off at shutdown"),
        };
        if let Err(reason) = ended {
            debug!(%peer, reason, "connection ended");
        }
    }

    async fn connection(&self, stream: TcpStream, peer: SocketAddr) -> Result<(), String> {
        // Answers are one write each; waiting to fill a segment would only delay them.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return self.http(stream, peer).await;
        };
        let handshake = async {
            refuse_plain_http(&stream).await?;
            tls.accept(stream).await
        };
        let stream = tokio::select! {
            shaken = timeout(self.limits.handshake_timeout, handshake) => shaken
                .map_err(|_| "TLS handshake timed out".to_owned())?
                .map_err(|error| format!("TLS handshake failed: {error}"))?,
            () = self.stop.cancelled() => return Ok(()),
        };
        self.http(stream, peer).await
    }

    async fn http<S>(&self, stream: S, peer: SocketAddr) -> Result<(), String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let limits = &self.limits;
        let turn = Turn::default();
        let stream = Paced::new(stream, turn.clone(), limits);
        let service = service_fn(|request| {
            let turn = turn.clone();
            async move {
                turn.take();
                let answer = self.answer(request, peer).await;
                turn.give();
                Ok::<_, Infallible>(answer)
            }
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .max_headers(limits.header_count)
                .max_header_size(limits.header_bytes)
                // A backstop only: `Paced` is the stricter one. It catches a request whose
                // beginning had been read behind the one before.
                .header_read_timeout(limits.idle_timeout + limits.header_read_timeout)
                .serve_connection(TokioIo::new(stream), service)
        );
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        ended.map_err(|error| error.to_string())
    }

    async fn answer(&self, request: hyper::Request<Incoming>, peer: SocketAddr) -> Response {
        let admitted = match admit(request, peer, &self.limits, &self.budget).await {
            Ok(admitted) => admitted,
            Err(refusal) => {
                debug!(%peer, %refusal, "request refused");
                // What follows on the connection cannot be trusted to be a request.
                return closing(self.service.refuse(refusal));
            }
        };
        let handled = self.handle(admitted.request);
        match timeout(self.limits.handler_timeout, handled).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => {
                error!(%peer, panic = panic_message(&*panic), "a request handler panicked");
                closing(response::text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "something went wrong here\n",
                ))
            }
            Err(_) => {
                warn!(%peer, "a request handler took too long");
                closing(response::text(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "this took too long; try again in a moment\n",
                ))
            }
        }
    }

    /// Lets the service answer; a panic costs this request only.
    async fn handle(&self, request: Request) -> Result<Response, Box<dyn Any + Send>> {
        let mut future = catch_unwind(AssertUnwindSafe(|| self.service.handle(request)))?;
        std::future::poll_fn(|cx| {
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
                Ok(poll) => poll.map(Ok),
                Err(panic) => Poll::Ready(Err(panic)),
            }
        })
        .await
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// Tells a person who typed `http://` what is wrong, where TLS would only break off.
async fn refuse_plain_http(stream: &TcpStream) -> io::Result<()> {
    /// The content type of every first TLS record (RFC 8446 5.1).
    const HANDSHAKE: u8 = 22;
    const ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\n\
        content-length: 43\r\nconnection: close\r\n\r\nthis port speaks HTTPS; use an https:// URL";

    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if first == [HANDSHAKE] {
        return Ok(());
    }
    stream.writable().await?;
    let _ = stream.try_write(ANSWER);
    // Unread octets at the close would reset the connection, and the answer be lost.
    let _ = stream.try_read(&mut [0; 4096]);
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        "the peer does not speak TLS",
    ))
}
