//! Logs, correlation ids, audit.
