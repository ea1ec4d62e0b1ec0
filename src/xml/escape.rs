//! The escapes of Canonical XML 1.0, section 2.3: the only ones that Homerealm writes.

/// A character that no XML 1.0 document can hold, not even as a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ForbiddenCharacter;

/// Appends `text` as the content of a text node.
pub(super) fn push_text(out: &mut String, text: &str) -> Result<(), ForbiddenCharacter> {
    push(out, text, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    })
}

/// Appends `value` as an attribute value, for between double quotes.
pub(super) fn push_attribute(out: &mut String, value: &str) -> Result<(), ForbiddenCharacter> {
    push(out, value, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\t' => Some("&#x9;"),
        b'\n' => Some("&#xA;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    })
}

/// Copies runs of plain characters at once, since most values are nothing but plain.
#[inline]
fn push(
    out: &mut String,
    text: &str,
    escape: impl Fn(u8) -> Option<&'static str>,
) -> Result<(), ForbiddenCharacter> {
    // 0xEF leads the three bytes of U+F000 to U+FFFF, two of which are forbidden.
    let special = |byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | 0..=0x1F | 0xEF);
    // Without a way out of the loop, since so it looks at many bytes at once.
    if !text
        .bytes()
        .fold(false, |found, byte| found | special(byte))
    {
        out.push_str(text);
        return Ok(());
    }
    let mut rest = text;
    while let Some((plain, special)) = rest
        .bytes()
        .position(special)
        .and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(plain);
        let mut chars = special.chars();
        match chars.next() {
            Some('\u{FFFE}' | '\u{FFFF}') => return Err(ForbiddenCharacter),
            Some(c) => match u8::try_from(c).ok().filter(u8::is_ascii).map(&escape) {
                Some(Some(escaped)) => out.push_str(escaped),
                _ if c < ' ' && c != '\t' && c != '\n' => return Err(ForbiddenCharacter),
                _ => out.push(c),
            },
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARD: &str = "& < > \" ' \t \r \n é 漢 😀 ]]> \u{FFFD}\u{F8FF}";

    #[test]
    fn text_and_attributes_escape_as_canonical_xml_says() {
        let mut out = String::new();
        push_text(&mut out, HARD).unwrap();
        assert_eq!(
            out,
            "&amp; &lt; &gt; \" ' \t &#xD; \n é 漢 😀 ]]&gt; \u{FFFD}\u{F8FF}"
        );
        out.clear();
        push_attribute(&mut out, HARD).unwrap();
        assert_eq!(
            out,
            "&amp; &lt; > &quot; ' &#x9; &#xD; &#xA; é 漢 😀 ]]> \u{FFFD}\u{F8FF}"
        );
    }

    #[test]
    fn characters_outside_xml_are_refused() {
        for bad in ["\0", "a\u{B}b", "\u{1F}", "漢\u{FFFE}", "\u{FFFF}"] {
            assert_eq!(push_text(&mut String::new(), bad), Err(ForbiddenCharacter));
            assert_eq!(
                push_attribute(&mut String::new(), bad),
                Err(ForbiddenCharacter)
            );
        }
    }
}
