//! From the text as it stands in a document to the value it means.
//!
//! Line endings become one line feed (XML 1.0, 2.11), and white space in attribute values becomes
//! spaces (3.3.3), but what a character reference spells out is kept as it is.

use std::borrow::Cow;

use super::chars::is_char;

/// The character that `&name;` stands for: one of the five entities, or a character reference to a
/// character that XML permits.
pub(super) fn reference(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => name.strip_prefix('#')?,
    };
    let (digits, radix) = match code.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (code, 10),
    };
    // `from_str_radix` would take a sign as well.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
        .filter(|&c| is_char(c))
}

/// Appends character data without references, with its line endings normalised.
pub(super) fn push_text(out: &mut String, raw: &str) {
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\r') {
        out.push_str(before);
        out.push('\n');
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    out.push_str(rest);
}

/// The value of an attribute; or the offset in `raw` of a reference that means nothing.
pub(super) fn attribute(raw: &str) -> Result<Cow<'_, str>, usize> {
    let mut value = String::new();
    let mut rest = raw;
    // All four are ASCII, and looking for bytes is quicker.
    while let Some((plain, special)) = rest
        .bytes()
        .position(|byte| matches!(byte, b'&' | b'\t' | b'\r' | b'\n'))
        .and_then(|at| rest.split_at_checked(at))
    {
        value.push_str(plain);
        rest = if let Some(after) = special.strip_prefix('&') {
            let (name, after) = after.split_once(';').ok_or(raw.len() - special.len())?;
            value.push(reference(name).ok_or(raw.len() - special.len())?);
            after
        } else {
            value.push(' ');
            special
                .strip_prefix("\r\n")
                .or_else(|| special.strip_prefix(['\t', '\r', '\n']))
                .unwrap_or_default()
        };
    }
    if rest.len() == raw.len() {
        return Ok(Cow::Borrowed(raw));
    }
    value.push_str(rest);
    Ok(Cow::Owned(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_five_entities_and_permitted_characters_have_a_meaning() {
        for (name, c) in [
            ("amp", '&'),
            ("lt", '<'),
            ("gt", '>'),
            ("quot", '"'),
            ("apos", '\''),
            ("#xD", '\r'),
            ("#0000065", 'A'),
            ("#x1F600", '😀'),
        ] {
            assert_eq!(reference(name), Some(c), "{name}");
        }
        for name in [
            "",
            "nbsp",
            "AMP",
            "#",
            "#x",
            "#0",
            "#x0",
            "#xB",
            "#xFFFE",
            "#xD800",
            "#x110000",
            "#X41",
            "#+65",
            "#-65",
            "#x+41",
            "#6A",
            "# 65",
            "#99999999999999999999",
        ] {
            assert_eq!(reference(name), None, "{name}");
        }
    }

    #[test]
    fn line_endings_and_attribute_white_space_are_normalised() {
        let mut text = String::new();
        push_text(&mut text, "a\r\nb\rc\nd\r\r\n\te");
        assert_eq!(text, "a\nb\nc\nd\n\n\te");
        let value = attribute("a\r\nb\rc\nd\te&#xD;&#10;&#x9;&amp;").unwrap();
        assert_eq!(value, "a b c d e\r\n\t&");
        assert_eq!(attribute("ab&nbsp;"), Err(2));
        assert_eq!(attribute("&lt;&lt"), Err(4));
    }
}
