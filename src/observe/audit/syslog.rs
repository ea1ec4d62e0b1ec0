//! Syslog by RFC 5424, over a local socket, UDP (RFC 5426) or TCP (RFC 6587, counted octets).

use std::{
    io::{self, Write as _},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket},
    os::unix::net::UnixDatagram,
    time::Duration,
};

use super::{
    copies::Copy,
    settings::{NodeName, Syslog},
};

/// How long a server may take to accept a connection, or a line.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Sender {
    server: Syslog,
    node: NodeName,
    connection: Option<Connection>,
}

enum Connection {
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Sender {
    pub(super) fn new(server: Syslog, node: &NodeName) -> Self {
        Self {
            server,
            node: node.clone(),
            connection: None,
        }
    }

    /// Sends it; a connection that has failed is made anew once.
    pub(super) fn send(&mut self, copy: &Copy) -> io::Result<()> {
        let message = message(copy, &self.node);
        let had_connection = self.connection.is_some();
        match self.attempt(&message) {
            Err(_) if had_connection => {
                self.connection = None;
                self.attempt(&message)
            }
            outcome => outcome,
        }
    }

    fn attempt(&mut self, message: &[u8]) -> io::Result<()> {
        if self.connection.is_none() {
            self.connection = Some(Connection::to(&self.server)?);
        }
        let sent = match &mut self.connection {
            Some(Connection::Unix(socket)) => socket.send(message).map(|_| ()),
            Some(Connection::Udp(socket)) => socket.send(message).map(|_| ()),
            Some(Connection::Tcp(stream)) => {
                let mut frame = format!("{} ", message.len()).into_bytes();
                frame.extend_from_slice(message);
                stream.write_all(&frame)
            }
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        if sent.is_err() {
            self.connection = None;
        }
        sent
    }
}

impl Connection {
    fn to(server: &Syslog) -> io::Result<Self> {
        match server {
            Syslog::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(path)?;
                socket.set_write_timeout(Some(PATIENCE))?;
                Ok(Self::Unix(socket))
            }
            Syslog::Udp(address) => {
                let ours: SocketAddr = match address {
                    SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                    SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
                };
                let socket = UdpSocket::bind(ours)?;
                socket.connect(address)?;
                Ok(Self::Udp(socket))
            }
            Syslog::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, PATIENCE)?;
                stream.set_write_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
        }
    }
}

/// RFC 5424 6: facility authpriv; notice, or warning where something was refused or lost; the event as
/// MSGID; no structured data, since the message is JSON.
fn message(copy: &Copy, node: &NodeName) -> Vec<u8> {
    let priority = 10 * 8 + if copy.is_failure { 4 } else { 5 };
    let mut message = format!(
        "<{priority}>1 {} {} homerealm {} {} - ",
        copy.timestamp.as_str(),
        node.as_str(),
        std::process::id(),
        copy.event
    )
    .into_bytes();
    message.extend_from_slice(&copy.line);
    message
}
