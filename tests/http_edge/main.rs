//! The HTTP edge against peers that are slow, oversized, ambiguous or hostile, over real sockets.

// Whatever fails here fails the test that it is for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod ambiguous;
mod client;
mod running;
mod shutdown;
mod size;
mod time;
mod tls;
