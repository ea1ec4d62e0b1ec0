//! Logs, correlation ids and the audit trail.
//!
//! Every request gets a [`CorrelationId`] that stands on the page a person sees, in the log and in
//! the audit line, so that a support call can be matched to its cause. Audit lines carry the cause
//! that the page does not tell.

pub mod audit;
mod correlation;
mod logging;
mod metrics;

pub use correlation::CorrelationId;
pub use logging::{LogFormat, start_logging};
pub use metrics::Metrics;
