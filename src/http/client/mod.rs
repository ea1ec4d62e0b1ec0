//! A small browser without a screen: HTTPS, keep-alive, and cookies kept as browsers keep them.
//!
//! It follows nothing by itself, so that whoever walks through a sign-in (the demo, the load
//! generator, tests) sees each hop, and whoever fetches a document (metadata of relying parties) gets
//! it from where it was said to be. It is no general HTTP client.

mod browser;
mod error;
mod jar;
mod origin;
mod reply;

pub use browser::Client;
pub use error::ClientError;
pub use reply::Reply;
