//! Relying parties and their claims.
