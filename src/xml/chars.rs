//! Which characters XML 1.0 permits, and which of them make a name.

/// A character that may stand in a document (XML 1.0, production 2).
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Where the first character stands that may not stand in a document.
///
/// Looked for by bytes: all are below the space, or are U+FFFE and U+FFFF, whose first byte, 0xEF,
/// few texts have at all.
pub(super) fn forbidden(text: &str) -> Option<usize> {
    let suspect = |byte| matches!(byte, 0..=0x1F | 0xEF) && !matches!(byte, b'\t' | b'\n' | b'\r');
    // Without a way out of the loop, since so it looks at many bytes at once.
    if !text
        .bytes()
        .fold(false, |found, byte| found | suspect(byte))
    {
        return None;
    }
    text.bytes()
        .enumerate()
        .filter(|&(_, byte)| suspect(byte))
        .map(|(at, _)| at)
        .find(|&at| {
            let c = text.get(at..).and_then(|rest| rest.chars().next());
            c.is_some_and(|c| !is_char(c))
        })
}

/// White space (production 3).
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A name without colon (Namespaces in XML 1.0, production 4).
pub(super) fn is_nc_name(text: &str) -> bool {
    // Nearly all names are ASCII, and those are quickly seen.
    let ascii = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && (text.bytes().all(ascii) || chars.all(is_name_char))
}

/// Splits a qualified name into its prefix, empty when it has none, and its local part.
pub(super) fn split_name(name: &str) -> Option<(&str, &str)> {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) if is_nc_name(prefix) => (prefix, local),
        Some(_) => return None,
        None => ("", name),
    };
    is_nc_name(local).then_some((prefix, local))
}

/// XML 1.0 fifth edition, production 4, without the colon.
fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}' | '\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// XML 1.0 fifth edition, production 4a, without the colon.
fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}' | '\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_outside_xml_are_told_apart() {
        for c in ['\0', '\u{1}', '\u{B}', '\u{1F}', '\u{FFFE}', '\u{FFFF}'] {
            assert!(!is_char(c), "{c:?}");
        }
        for c in [
            '\t',
            '\n',
            '\r',
            ' ',
            '\u{7F}',
            '\u{D7FF}',
            '\u{FFFD}',
            '\u{10FFFF}',
        ] {
            assert!(is_char(c), "{c:?}");
        }
    }

    #[test]
    fn the_first_forbidden_character_is_found() {
        assert_eq!(
            forbidden("a\u{FFFD}\u{F000}\u{EFFF}\t\r\n\u{7F}\u{10FFFF}"),
            None
        );
        for bad in ['\0', '\u{B}', '\u{1F}', '\u{FFFE}', '\u{FFFF}'] {
            assert_eq!(forbidden(&format!("é\u{FFFD}{bad}\0")), Some(5), "{bad:?}");
        }
    }

    #[test]
    fn every_character_is_judged_as_by_itself() {
        for c in '\0'..=char::MAX {
            let found = forbidden(c.encode_utf8(&mut [0; 4])).is_some();
            assert_eq!(found, !is_char(c), "{c:?}");
        }
    }

    #[test]
    fn names_have_at_most_one_colon_between_two_names() {
        assert_eq!(split_name("a"), Some(("", "a")));
        assert_eq!(split_name("ds:Signature"), Some(("ds", "Signature")));
        for bad in [
            "", ":", ":a", "a:", "a:b:c", "1a", "a:1", "-a", "a b", "a\u{D7}",
        ] {
            assert_eq!(split_name(bad), None, "{bad:?}");
        }
    }
}
