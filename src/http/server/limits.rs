use std::time::Duration;

/// What one listener grants to whoever connects. Every wait and every size has a bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once; beyond them, new ones wait in the kernel's queue.
    pub connections: u32,
    /// Octets of a request's body; a longer one is answered with 413.
    pub body: usize,
    /// Octets that the bodies above 16 KiB may hold together, over all connections. Sign-in forms
    /// are smaller and never wait for this; a sender of large bodies beyond it is answered 503.
    pub bodies_together: usize,
    /// Octets of the request line and the header fields; more is answered with 431.
    pub header_bytes: usize,
    /// Header fields of a request; more is answered with 431.
    pub header_count: usize,
    /// From the first octet of a request (of a connection: from its opening) to the end of its
    /// header fields.
    pub header_read_timeout: Duration,
    /// From the end of the header fields to the end of the body; beyond, 408.
    pub body_read_timeout: Duration,
    /// For the TLS handshake.
    pub handshake_timeout: Duration,
    /// How long a connection may stay open between two requests.
    pub idle_timeout: Duration,
    /// For the service to answer; beyond, 503.
    pub handler_timeout: Duration,
    /// How long a peer may leave an answer unread before it is cut off.
    pub write_timeout: Duration,
    /// How long requests in flight may go on after the shutdown has begun.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            // A message of 256 KiB, a third more for base64, and room for percent-encoding.
            body: 384 * 1024,
            bodies_together: 64 * 1024 * 1024,
            header_bytes: 32 * 1024,
            header_count: 64,
            header_read_timeout: Duration::from_secs(10),
            body_read_timeout: Duration::from_secs(15),
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            handler_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(20),
        }
    }
}
