//! systemd's journal by its native protocol: one datagram of `FIELD=value` lines.

use std::{
    io,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    time::Duration,
};

use super::copies::Copy;

pub(super) struct Journal {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Journal {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            socket: None,
        }
    }

    pub(super) fn send(&mut self, copy: &Copy) -> io::Result<()> {
        let message = message(copy);
        if self.socket.is_none() {
            let socket = UnixDatagram::unbound()?;
            socket.set_write_timeout(Some(Duration::from_secs(1)))?;
            self.socket = Some(socket);
        }
        let socket = self.socket.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        // By the path each time: a journal that was started anew has another socket there.
        socket.send_to(&message, &self.path).map(|_| ())
    }
}

/// No value has a line feed, so none needs the form with a length.
fn message(copy: &Copy) -> Vec<u8> {
    let mut message = b"MESSAGE=".to_vec();
    message.extend_from_slice(&copy.line);
    let priority = if copy.is_failure { "4" } else { "5" };
    let fields = [
        ("PRIORITY", priority),
        // authpriv
        ("SYSLOG_FACILITY", "10"),
        ("SYSLOG_IDENTIFIER", "homerealm"),
        ("HOMEREALM_EVENT", copy.event),
        (
            "HOMEREALM_CORRELATION",
            copy.correlation.as_deref().unwrap_or_default(),
        ),
    ];
    for (name, value) in fields {
        if !value.is_empty() {
            message.push(b'\n');
            message.extend_from_slice(name.as_bytes());
            message.push(b'=');
            message.extend_from_slice(value.as_bytes());
        }
    }
    message.push(b'\n');
    message
}
