//! A start tag, taken apart strictly.
//!
//! The tokenizer finds where a tag ends; what is in it, it would take more liberally than XML
//! does (no space between attributes, `<` in values), so the grammar is held here.

use super::{chars::is_space, read_error::ReadCause};

/// An attribute as it stands: name and value unresolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawAttribute<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    /// Where the name starts, in bytes from the start of the text taken apart.
    pub(super) at: usize,
    /// Where the value starts.
    pub(super) value_at: usize,
}

/// Splits `name attr="value" ...` into the name and the text of its attributes.
pub(super) fn split_tag(tag: &str) -> (&str, &str) {
    tag.split_at(tag.find(is_space).unwrap_or(tag.len()))
}

/// Reads attributes from the text that follows a name (XML 1.0, productions 40 and 41).
///
/// `offset` is where `text` starts; each result and each refusal counts from the same origin. What
/// was in `found` before is gone.
pub(super) fn attributes<'a>(
    text: &'a str,
    offset: usize,
    limit: usize,
    found: &mut Vec<RawAttribute<'a>>,
) -> Result<(), (usize, ReadCause)> {
    found.clear();
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches(is_space);
        let at = offset + text.len() - trimmed.len();
        let malformed = (at, ReadCause::Tag);
        if trimmed.is_empty() {
            return Ok(());
        }
        if trimmed.len() == rest.len() {
            return Err(malformed);
        }
        if found.len() == limit {
            return Err((at, ReadCause::TooManyAttributes));
        }
        let (name, after) = split_at_byte(trimmed, b'=').ok_or(malformed)?;
        let quoted = after.trim_start_matches(is_space);
        let quote = quoted
            .bytes()
            .next()
            .filter(|byte| matches!(byte, b'"' | b'\''))
            .ok_or(malformed)?;
        let (value, after) = quoted
            .get(1..)
            .and_then(|inner| split_at_byte(inner, quote))
            .ok_or(malformed)?;
        let value_at = offset + text.len() - quoted.len() + 1;
        if let Some(less_than) = value.bytes().position(|byte| byte == b'<') {
            return Err((value_at + less_than, ReadCause::Tag));
        }
        found.push(RawAttribute {
            name: name.trim_end_matches(is_space),
            value,
            at,
            value_at,
        });
        rest = after;
    }
}

/// What stands before and after an ASCII character. Values are short, so that getting ready to look
/// for it at speed takes longer than looking.
fn split_at_byte(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|here| here == byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_taken_apart_with_their_places() {
        let (name, rest) = split_tag("a:b  c = 'x>y'\n d=\"\" ");
        assert_eq!(name, "a:b");
        let mut found = Vec::new();
        attributes(rest, 3, 9, &mut found).unwrap();
        assert_eq!(
            found,
            [
                RawAttribute {
                    name: "c",
                    value: "x>y",
                    at: 5,
                    value_at: 10
                },
                RawAttribute {
                    name: "d",
                    value: "",
                    at: 16,
                    value_at: 19
                },
            ]
        );
    }

    #[test]
    fn what_xml_does_not_permit_in_a_tag_is_refused() {
        for bad in [
            " a",
            " a=",
            " a=b",
            " a='b",
            " a='b\"",
            " a='b'c='d'",
            " a='<'",
            "/",
            " /",
            " a=\"1\"/",
        ] {
            assert!(attributes(bad, 0, 9, &mut Vec::new()).is_err(), "{bad:?}");
        }
        assert_eq!(
            attributes(" a='' b=''", 0, 1, &mut Vec::new()),
            Err((6, ReadCause::TooManyAttributes))
        );
    }
}
