//! Windows PowerShell writes UTF-16 with a mark of its byte order, later ones UTF-8 with or without.

use super::ExportError;

pub(super) fn decode(octets: &[u8]) -> Result<String, ExportError> {
    match octets {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        all => utf8(all),
    }
}

fn utf8(octets: &[u8]) -> Result<String, ExportError> {
    String::from_utf8(octets.to_vec()).map_err(|_| ExportError::Encoding)
}

fn utf16(octets: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ExportError> {
    let (pairs, rest) = octets.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(ExportError::Encoding);
    }
    let units: Vec<u16> = pairs.iter().map(|&pair| unit(pair)).collect();
    String::from_utf16(&units).map_err(|_| ExportError::Encoding)
}
