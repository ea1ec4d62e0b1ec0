use std::{io, sync::Arc, time::Duration};

use bytes::BytesMut;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::{
    StoreAddress,
    resp::{self, Malformed, Reply},
};

/// How long a server may take until it is ready for operations: TCP, TLS, who we are.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);

/// Where the servers are, and who we are to them.
#[derive(Clone)]
pub struct Servers {
    /// In the order in which they are tried: the first that answers and is a primary is used.
    pub addresses: Vec<StoreAddress>,
    /// What is trusted, where an address wants TLS.
    pub tls: Arc<ClientConfig>,
    /// The user of its access control list; the default one where it is not said.
    pub user: Option<String>,
    /// Its password, if it has one.
    pub password: Option<Zeroizing<String>>,
}

/// Why there is no connection to a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nothing answered in time.
    #[error("no answer within {} seconds", CONNECT_DEADLINE.as_secs())]
    Late,
    /// It cannot be reached, or hung up.
    #[error("{0}")]
    Unreachable(io::Error),
    /// Its certificate is not trusted, is for another name, or it speaks no TLS.
    #[error("TLS: {0}")]
    Tls(io::Error),
    /// It refuses what is asked of it, in its own words: a wrong password, a user without rights.
    #[error("the server refuses: {0}")]
    Refused(String),
    /// It follows another server, and takes no writes.
    #[error("the server is a replica of another one, and takes no writes")]
    NotPrimary,
    /// It speaks another protocol.
    #[error("the server speaks another protocol")]
    Foreign,
}

impl From<Malformed> for ConnectError {
    fn from(_: Malformed) -> Self {
        Self::Foreign
    }
}

/// A stream of octets, with TLS or without.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection that is ready for operations.
pub(super) struct Connection {
    pub(super) stream: Box<dyn Duplex>,
    incoming: BytesMut,
}

impl Servers {
    /// Connects to the first server that is there and a primary.
    ///
    /// # Errors
    /// What each of them answered, in one line.
    pub(super) async fn connect(&self) -> Result<(Connection, &StoreAddress), String> {
        let mut causes = Vec::new();
        for address in &self.addresses {
            match self.connect_to(address).await {
                Ok(connection) => return Ok((connection, address)),
                Err(error) => causes.push(format!("{address}: {error}")),
            }
        }
        Err(causes.join("; "))
    }

    /// Connects to this one.
    pub(super) async fn connect_to(&self, to: &StoreAddress) -> Result<Connection, ConnectError> {
        timeout(CONNECT_DEADLINE, self.connected(to))
            .await
            .map_err(|_| ConnectError::Late)?
    }

    async fn connected(&self, address: &StoreAddress) -> Result<Connection, ConnectError> {
        let stream = TcpStream::connect((address.host(), address.port()))
            .await
            .map_err(ConnectError::Unreachable)?;
        // Operations are small, and each is waited for.
        stream
            .set_nodelay(true)
            .map_err(ConnectError::Unreachable)?;
        let stream: Box<dyn Duplex> = if address.is_tls() {
            let name = ServerName::try_from(address.host().to_owned())
                .map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
            let connector = TlsConnector::from(self.tls.clone());
            let stream = connector.connect(name, stream).await;
            Box::new(stream.map_err(ConnectError::Tls)?)
        } else {
            Box::new(stream)
        };
        let mut connection = Connection {
            stream,
            incoming: BytesMut::new(),
        };
        if let Some(password) = &self.password {
            let password = password.as_bytes();
            match &self.user {
                Some(user) => {
                    connection
                        .ask(&[b"AUTH", user.as_bytes(), password])
                        .await?
                }
                None => connection.ask(&[b"AUTH", password]).await?,
            };
        }
        match connection.ask(&[b"ROLE"]).await? {
            Reply::Array(role) => match role.first() {
                Some(Reply::Text(role)) if *role == "master" => Ok(connection),
                Some(Reply::Text(_)) => Err(ConnectError::NotPrimary),
                _ => Err(ConnectError::Foreign),
            },
            _ => Err(ConnectError::Foreign),
        }
    }
}

impl Connection {
    /// One command and its reply, while there are no others under way.
    pub(super) async fn ask(&mut self, command: &[&[u8]]) -> Result<Reply, ConnectError> {
        let mut octets = BytesMut::new();
        resp::write(command, &mut octets);
        let sent = async {
            self.stream.write_all(&octets).await?;
            self.stream.flush().await
        };
        sent.await.map_err(ConnectError::Unreachable)?;
        loop {
            match resp::read(&mut self.incoming)? {
                Some(Reply::Error(error)) => return Err(ConnectError::Refused(error)),
                Some(reply) => return Ok(reply),
                None => {}
            }
            let read = self.stream.read_buf(&mut self.incoming).await;
            if read.map_err(ConnectError::Unreachable)? == 0 {
                let closed = io::ErrorKind::UnexpectedEof;
                return Err(ConnectError::Unreachable(closed.into()));
            }
        }
    }
}
