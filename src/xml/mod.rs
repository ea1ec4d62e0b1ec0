//! XML that can be trusted.
