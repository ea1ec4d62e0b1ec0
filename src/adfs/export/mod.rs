//! Files as PowerShell writes them, as typed trusts.

mod clixml;
mod error;
mod json;
#[cfg(test)]
mod tests;
mod text;
mod value;

pub use error::ExportError;
pub(super) use value::Value;

use super::RelyingPartyTrust;

/// The longest file that is read, in bytes: some thousand trusts.
pub const LONGEST_EXPORT: usize = 64 * 1024 * 1024;

/// The trusts of an export: CLIXML (`Export-Clixml`) or JSON (`ConvertTo-Json`), of one trust or of
/// several, in UTF-8 or in the UTF-16 that Windows PowerShell writes.
///
/// # Errors
/// [`ExportError`] where the file is neither, or holds something else than trusts.
pub fn read_export(octets: &[u8]) -> Result<Vec<RelyingPartyTrust>, ExportError> {
    if octets.len() > LONGEST_EXPORT {
        return Err(ExportError::TooLong);
    }
    let text = text::decode(octets)?;
    let values = match text.trim_start().chars().next() {
        Some('<') => clixml::read(&text)?,
        Some('{' | '[') => json::read(&text)?,
        _ => return Err(ExportError::Unknown),
    };
    let trusts: Vec<_> = values
        .iter()
        .map(RelyingPartyTrust::from_value)
        .collect::<Result<_, _>>()?;
    if trusts.is_empty() {
        return Err(ExportError::Empty);
    }
    Ok(trusts)
}
