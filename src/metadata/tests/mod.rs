//! Metadata that changes, breaks, is forged and comes back, at a real https server.

mod keeping;
mod scheduling;
mod terms;
mod world;

use super::*;
