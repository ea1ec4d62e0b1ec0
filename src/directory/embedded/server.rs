use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::codec::Framed;

use super::{
    Contents,
    codec::{Codec, Operation},
    session::{Session, Tree},
};

/// The most connections at the same time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 64;
/// The most that a TLS handshake may take.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(5);
/// How long a connection may say nothing (15 minutes, as a domain controller's default).
const MAX_IDLE: Duration = Duration::from_secs(900);
/// The most that a client may take to read an answer.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// An LDAPS server on loopback, running until it is stopped or dropped.
#[derive(Debug)]
pub struct EmbeddedDirectory {
    address: SocketAddr,
    counters: Arc<Counters>,
    task: JoinHandle<()>,
}

/// Why an embedded directory does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// The address is not on loopback. The accounts' password is public, so no network may see
    /// them.
    #[error("the embedded directory listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("the embedded directory cannot listen: {0}")]
    Listen(#[from] io::Error),
}

/// What a directory has been asked to do since it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// TLS connections.
    pub connections: u64,
    /// Binds, right or wrong, the service account's included.
    pub binds: u64,
    /// Searches.
    pub searches: u64,
}

#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU64,
    binds: AtomicU64,
    searches: AtomicU64,
}

impl EmbeddedDirectory {
    /// Starts serving. Port 0 takes a free one; see [`Self::address`].
    pub async fn start(
        contents: Contents,
        address: SocketAddr,
        tls: Arc<ServerConfig>,
    ) -> Result<Self, EmbeddedError> {
        if !address.ip().is_loopback() {
            return Err(EmbeddedError::NotLoopback(address));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let counters = Arc::new(Counters::default());
        let server = Server {
            tree: Arc::new(Tree::new(contents)),
            tls: TlsAcceptor::from(tls),
            counters: counters.clone(),
        };
        let task = tokio::spawn(server.accept(listener));
        Ok(Self {
            address,
            counters,
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has been asked so far.
    pub fn counts(&self) -> Counts {
        Counts {
            connections: self.counters.connections.load(Ordering::Relaxed),
            binds: self.counters.binds.load(Ordering::Relaxed),
            searches: self.counters.searches.load(Ordering::Relaxed),
        }
    }

    /// Closes the listener and all connections, at once. The address can then be used again.
    pub async fn stop(mut self) {
        self.task.abort();
        // It was aborted, so what it ends with says nothing.
        let _ = (&mut self.task).await;
    }
}

impl Drop for EmbeddedDirectory {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Server {
    tree: Arc<Tree>,
    tls: TlsAcceptor,
    counters: Arc<Counters>,
}

impl Server {
    async fn accept(self, listener: TcpListener) {
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        // Dropped, and its tasks with it, when this task is aborted.
        let mut connections = JoinSet::new();
        while let Ok(permit) = permits.clone().acquire_owned().await {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::debug!(%error, "embedded directory cannot accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            while connections.try_join_next().is_some() {}
            let server = self.clone();
            connections.spawn(async move {
                if let Err(error) = server.serve(stream).await {
                    tracing::debug!(%error, "embedded directory connection ended");
                }
                drop(permit);
            });
        }
    }

    async fn serve(self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let stream = timeout(HANDSHAKE_DEADLINE, self.tls.accept(stream)).await??;
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        let mut session = Session::new(self.tree);
        let mut framed = Framed::new(stream, Codec::default());
        while let Some(request) = timeout(MAX_IDLE, framed.next()).await? {
            let request = request?;
            match request.operation {
                Operation::Bind(_) => self.counters.binds.fetch_add(1, Ordering::Relaxed),
                Operation::Search(_) => self.counters.searches.fetch_add(1, Ordering::Relaxed),
                _ => 0,
            };
            let Some(answers) = session.answer(request) else {
                break;
            };
            for answer in answers {
                timeout(WRITE_DEADLINE, framed.feed(answer)).await??;
            }
            timeout(WRITE_DEADLINE, framed.flush()).await??;
        }
        Ok(())
    }
}
