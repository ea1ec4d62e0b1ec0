//! Asks DNS servers: by UDP, and by TCP where the answer does not fit or is odd (RFC 7766).
//!
//! DNS is not authenticated, so whoever can guess what we asked may answer. Each question goes
//! out under a random id from a port of its own, only answers from the server asked are received,
//! and they must repeat the question (RFC 5452 9.1).

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use aws_lc_rs::rand;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
};

use super::message::{Answer, Question, Reading, UDP_SIZE};

/// How long each server is waited for, in the first round and in the second.
const ROUNDS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// How many messages that are no answer are borne before the question is asked by TCP, which
/// nobody can answer who does not see it.
const MOST_STRAYS: usize = 32;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AskError {
    #[error("no DNS server is known")]
    NoServer,
    #[error("the DNS server {server} did not answer: {cause}")]
    NoAnswer { server: SocketAddr, cause: String },
}

/// Asks one server after the other, all of them twice.
pub(super) async fn ask(servers: &[SocketAddr], question: &Question) -> Result<Answer, AskError> {
    let mut last = AskError::NoServer;
    for patience in ROUNDS {
        for &server in servers {
            match ask_server(server, question, patience).await {
                Ok(answer) => return Ok(answer),
                Err(cause) => last = AskError::NoAnswer { server, cause },
            }
        }
    }
    Err(last)
}

async fn ask_server(
    server: SocketAddr,
    question: &Question,
    patience: Duration,
) -> Result<Answer, String> {
    if let Reading::Answer(answer) = within(patience, by_udp(server, question)).await? {
        return Ok(answer);
    }
    match within(patience, by_tcp(server, question)).await? {
        Reading::Answer(answer) => Ok(answer),
        Reading::Failed(error) => Err(error),
        Reading::Truncated | Reading::NotOurs => Err("its answer cannot be read".to_owned()),
    }
}

async fn within(
    patience: Duration,
    exchange: impl Future<Output = io::Result<Reading>>,
) -> Result<Reading, String> {
    let outcome = tokio::time::timeout(patience, exchange).await;
    outcome
        .map_err(|_| format!("nothing within {patience:.0?}"))?
        .map_err(|error| error.to_string())
}

async fn by_udp(server: SocketAddr, question: &Question) -> io::Result<Reading> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // A port that the system draws, and from here on only what comes from the server.
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    let (id, query) = query(question, true)?;
    socket.send(&query).await?;
    // With room for servers that send more than they were told.
    let mut received = vec![0; 4 * usize::from(UDP_SIZE)];
    for _ in 0..MOST_STRAYS {
        let length = socket.recv(&mut received).await?;
        let message = received.get(..length).unwrap_or_default();
        match question.read(id, message) {
            Reading::NotOurs => {}
            reading => return Ok(reading),
        }
    }
    Ok(Reading::NotOurs)
}

async fn by_tcp(server: SocketAddr, question: &Question) -> io::Result<Reading> {
    let mut stream = TcpStream::connect(server).await?;
    let (id, query) = query(question, false)?;
    // Length and message at once (RFC 7766 8).
    let length = u16::try_from(query.len()).map_err(io::Error::other)?;
    stream
        .write_all(&[&length.to_be_bytes()[..], &query].concat())
        .await?;
    let length = stream.read_u16().await?;
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await?;
    Ok(question.read(id, &message))
}

/// A message that asks, under an id that nobody knows.
fn query(question: &Question, by_udp: bool) -> io::Result<(u16, Vec<u8>)> {
    let mut octets = [0; 2];
    rand::fill(&mut octets).map_err(|_| io::Error::other("no random number"))?;
    let id = u16::from_be_bytes(octets);
    let message = question.to_message(id, by_udp).map_err(io::Error::other)?;
    Ok((id, message))
}
