//! A connection on which passwords are checked: one request, its answer, and nothing else at a
//! time.
//!
//! The LDAP library has a task of its own drive each connection and hands operations to it through
//! channels, for many callers at once. Here there is one caller, and the changes from task to task,
//! often across threads, cost a bind more than all else about it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep, timeout},
};
use tokio_rustls::TlsConnector;

use super::{
    DirectoryError, Password, Settings, Step, TlsMode,
    bind_message::{Answer, NoAnswer, Operation, bind_request, read_answer, start_tls_request},
    connection::{Fault, connect, late, unavailable},
    roster::Server,
};

/// An open connection. Dropping it closes it, whatever the server does.
pub(super) struct BindConnection {
    stream: Box<dyn Duplex>,
    /// The message ID used last.
    last_id: u32,
    /// When the answer that is awaited comes too late. One timer, put off from bind to bind: a new
    /// one for each would interrupt the thread that waits for events, to have it wait for less long.
    late: Pin<Box<Sleep>>,
    server: Arc<Server>,
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

impl BindConnection {
    /// Opens a connection to this server, on which nobody is bound yet.
    pub(super) async fn open(
        settings: &Settings,
        server: &Arc<Server>,
        patience: Duration,
    ) -> Result<Self, DirectoryError> {
        let started = Instant::now();
        let stream = connect(server, patience).await?;
        let rest = patience.saturating_sub(started.elapsed());
        let stream = timeout(rest, protect(settings, server, stream))
            .await
            .map_err(|_| unavailable(Step::Tls, server, late(patience)))?
            .map_err(|fault| unavailable(Step::Tls, server, fault.to_string()))?;
        Ok(Self {
            stream,
            last_id: 0,
            late: Box::pin(sleep(patience)),
            server: server.clone(),
        })
    }

    /// The server that it leads to.
    pub(super) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Whether the server has neither closed it nor said anything unasked.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut octet = [0];
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(&mut self.stream)
            .poll_read(&mut context, &mut ReadBuf::new(&mut octet))
            .is_pending()
    }

    /// Asks whether this is the password of this name. After a fault the connection must not be
    /// used again: the answer might come yet, and be taken for that to another question.
    pub(super) async fn bind(
        &mut self,
        name: &str,
        password: &Password,
        deadline: Duration,
    ) -> Result<Answer, Fault> {
        self.last_id = self.last_id % MAX_ID + 1;
        let request = bind_request(self.last_id, name, password);
        self.late.as_mut().reset(Instant::now() + deadline);
        tokio::select! {
            biased;
            answer = exchange(&mut self.stream, &request, self.last_id, Operation::Bind) => answer,
            () = self.late.as_mut() => Err(Fault::Late),
        }
    }

    pub(super) fn failed(&self, step: Step, fault: &Fault) -> DirectoryError {
        unavailable(step, &self.server, fault.to_string())
    }
}

/// The message ID of the request to begin TLS; free again once that is answered.
const START_TLS_ID: u32 = 1;
/// The highest message ID (RFC 4511 4.1.1.1).
const MAX_ID: u32 = i32::MAX.unsigned_abs();

/// Begins TLS as the settings say.
async fn protect(
    settings: &Settings,
    server: &Server,
    mut stream: TcpStream,
) -> Result<Box<dyn Duplex>, Fault> {
    match settings.tls_mode {
        TlsMode::PlaintextOnPurpose => return Ok(Box::new(stream)),
        TlsMode::StartTls => {
            let request = start_tls_request(START_TLS_ID);
            let operation = Operation::StartTls;
            let answer = exchange(&mut stream, &request, START_TLS_ID, operation).await?;
            if answer.code != 0 {
                return Err(Fault::Answer(answer.code, answer.text));
            }
        }
        TlsMode::Ldaps => {}
    }
    let name = ServerName::try_from(server.url().host().to_owned())
        .map_err(|error| transport(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    let connector = TlsConnector::from(settings.tls.clone());
    let stream = connector.connect(name, stream).await.map_err(transport)?;
    Ok(Box::new(stream))
}

/// Sends one request and reads its answer.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin + ?Sized>(
    stream: &mut S,
    request: &[u8],
    id: u32,
    operation: Operation,
) -> Result<Answer, Fault> {
    stream.write_all(request).await.map_err(transport)?;
    stream.flush().await.map_err(transport)?;
    let mut received = Vec::with_capacity(1024);
    loop {
        let read = stream.read_buf(&mut received).await.map_err(transport)?;
        match read_answer(&received, id, operation) {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) if read == 0 => return Err(transport(io::ErrorKind::UnexpectedEof.into())),
            Ok(None) => {}
            Err(NoAnswer::Malformed) => return Err(Fault::Malformed),
            Err(NoAnswer::Unsolicited) => {
                return Err(transport(io::ErrorKind::ConnectionAborted.into()));
            }
        }
    }
}

fn transport(error: io::Error) -> Fault {
    Fault::Transport(error.into())
}
