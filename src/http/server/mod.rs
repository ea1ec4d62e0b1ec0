//! The listener: accepts, speaks TLS and HTTP/1, holds every peer to its [`Limits`], and reads a
//! request in full before a [`Service`] sees it.
//!
//! There is no HTTP/2: a sign-in is three small exchanges, which gain nothing from multiplexing,
//! while its stream and header state has been the source of one flood after the other
//! (rapid reset, continuation flood). Browsers and SOAP clients all speak HTTP/1.1.

mod again;
mod connection;
mod intake;
mod limits;
mod pace;

pub use intake::Refusal;
pub use limits::Limits;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Service;
use again::Again;
use connection::Edge;
use intake::BodyBudget;

/// A bound listener, ready to serve.
pub struct Server {
    listener: TcpListener,
    limits: Limits,
    tls: Option<TlsAcceptor>,
}

impl Server {
    /// Binds the address; port 0 lets the system choose one.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(address).await?,
            limits: Limits::default(),
            tls: None,
        })
    }

    /// Speaks TLS, and nothing else, on this listener.
    #[must_use]
    pub fn with_tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.tls = Some(TlsAcceptor::from(config));
        self
    }

    /// Sets limits other than the default ones.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The address bound, with the port that the system chose.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` is cancelled; then accepts nothing more, closes idle connections,
    /// lets requests in flight finish within [`Limits::drain_timeout`], and cuts off the rest.
    ///
    /// A panic or an endless wait in `service` costs the request that met it, never the listener.
    pub async fn serve(self, service: Arc<dyn Service>, shutdown: CancellationToken) {
        let connections = self.limits.connections;
        let drain_timeout = self.limits.drain_timeout;
        let cut = CancellationToken::new();
        let edge = Arc::new(Edge {
            service,
            budget: BodyBudget::new(self.limits.bodies_together),
            limits: self.limits,
            tls: self.tls,
            stop: shutdown.clone(),
            cut: cut.clone(),
        });
        let slots = Arc::new(Semaphore::new(connections as usize));

        let accepting = async {
            // The slot comes first: a connection that cannot be served stays in the kernel's queue.
            while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
                let (stream, peer) = accept(&self.listener).await;
                let edge = Arc::clone(&edge);
                tokio::spawn(Again::new(async move {
                    edge.serve(stream, peer).await;
                    drop(slot);
                }));
            }
        };
        tokio::select! {
            () = accepting => {}
            () = shutdown.cancelled() => {}
        }
        drop(self.listener);

        // Every slot back means every connection gone.
        if timeout(drain_timeout, slots.acquire_many(connections))
            .await
            .is_err()
        {
            let open = connections as usize - slots.available_permits();
            info!(open, "cutting off the connections still open at shutdown");
            cut.cancel();
            // A task notices at its next pause; one that never pauses is not waited for.
            let _ = timeout(Duration::from_secs(1), slots.acquire_many(connections)).await;
        }
    }
}

/// The next connection. Failures of one connection are passed over; failures of the process (no
/// descriptors left, no memory) are waited out, since `accept` would fail again at once.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    const SHORTEST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_secs(1);

    let mut pause = SHORTEST;
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                warn!(%error, ?pause, "cannot accept connections; trying again");
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST);
            }
        }
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}
