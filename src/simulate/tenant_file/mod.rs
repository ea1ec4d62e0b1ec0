//! Tenants in a TOML file, by Graph's own property names, so that what Graph tells of a tenant can be
//! copied into it. Whatever Graph would refuse is refused, with the line.

mod build;
mod file;

use std::path::Path;

use crate::{
    config::{ConfigError, Source},
    entra::Tenants,
};

/// Reads a file with one tenant or several; the first one is whose applications are simulated.
///
/// # Errors
/// When the file cannot be read, or says what Graph would not have let be.
pub fn read(path: &Path) -> Result<Tenants, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(&text, &path.display().to_string())
}

/// The same of a text; `file` is its name for errors.
///
/// # Errors
/// When it says what Graph would not have let be.
pub fn parse(text: &str, file: &str) -> Result<Tenants, ConfigError> {
    let source = Source { file, text };
    let file = toml::from_str(text).map_err(|error| source.toml(&error))?;
    build::build(file, source)
}

#[cfg(test)]
mod tests;
