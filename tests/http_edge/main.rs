//! The HTTP edge against peers that are slow, oversized, ambiguous or hostile, over real sockets.

mod ambiguous;
mod running;
mod shutdown;
mod size;
mod time;
mod tls;
