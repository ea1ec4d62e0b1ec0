//! DEFLATE as the redirect binding has it, with a bound on what comes out.

use base64::{Engine, engine::general_purpose::STANDARD};
use miniz_oxide::inflate::{
    TINFLStatus,
    core::{DecompressorOxide, decompress, inflate_flags},
};

use super::{BindingError, binding::MAX_MESSAGE};

/// Inflates one message after the other in the same memory: tables of ten kilobytes, each filled
/// again before it is read, and the message itself.
///
/// A streaming decoder would clear and carry a window of 32 KiB besides.
#[derive(Default)]
pub(super) struct Inflater {
    tables: Box<DecompressorOxide>,
    deflated: Vec<u8>,
    /// As long as the longest message yet; what stands behind the message that counts is an earlier
    /// one's.
    message: Vec<u8>,
}

impl Inflater {
    /// The message of which this is the DEFLATE-encoding in base64.
    pub(super) fn inflate_base64(&mut self, encoded: &str) -> Result<&[u8], BindingError> {
        self.deflated.clear();
        STANDARD
            .decode_vec(encoded, &mut self.deflated)
            .map_err(|_| BindingError::Base64)?;
        self.inflate()
    }

    /// The bound is on the output: the ratio of a bomb does not matter then.
    fn inflate(&mut self) -> Result<&[u8], BindingError> {
        const FLAGS: u32 = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        self.tables.init();
        if self.message.is_empty() {
            self.message.resize(FIRST, 0);
        }
        let (mut rest, mut length) = (self.deflated.as_slice(), 0);
        loop {
            let (status, read, written) =
                decompress(&mut self.tables, rest, &mut self.message, length, FLAGS);
            rest = rest.get(read..).unwrap_or_default();
            length += written;
            match status {
                TINFLStatus::Done => {
                    return self.message.get(..length).ok_or(BindingError::Deflate);
                }
                TINFLStatus::HasMoreOutput if self.message.len() < MAX_MESSAGE => {
                    let more = (self.message.len() * 2).min(MAX_MESSAGE);
                    self.message.resize(more, 0);
                }
                _ => return Err(BindingError::Deflate),
            }
        }
    }
}

/// What nearly all requests have room in.
const FIRST: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_within_the_bound_comes_out_whole() {
        // One after the other, so that what is left of one could show in the next.
        let mut inflater = Inflater::default();
        for length in [5_000, MAX_MESSAGE, 0, 1, 1023, 1024, 1025, MAX_MESSAGE - 1] {
            let message: Vec<u8> = (0..=250).cycle().step_by(7).take(length).collect();
            inflater.deflated = miniz_oxide::deflate::compress_to_vec(&message, 9);
            assert_eq!(inflater.inflate().unwrap(), message, "{length}");
            // One before did not end well, and leaves nothing behind.
            inflater.deflated.pop();
            assert!(inflater.inflate().is_err(), "{length}");
        }
        inflater.deflated = miniz_oxide::deflate::compress_to_vec(&vec![0; MAX_MESSAGE + 1], 9);
        assert!(matches!(inflater.inflate(), Err(BindingError::Deflate)));
    }
}
