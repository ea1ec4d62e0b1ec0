//! Text from outside, as it is shown: characters that would turn it round, hide, or move what stands
//! beside them are shown by their numbers.

use std::fmt::Write as _;

/// The text with nothing invisible in it. Line breaks stay where `lines` says so.
pub(super) fn visible(text: &str, lines: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_plain(character) || (lines && character == '\n') {
            shown.push(character);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\u{27e8}U+{:04X}\u{27e9}", u32::from(character));
        }
    }
    shown
}

fn is_plain(character: char) -> bool {
    if character.is_control() {
        return false;
    }
    !matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_invisible_is_left() {
        assert_eq!(
            visible("a\u{202e}b\nc\u{feff}", false),
            "a⟨U+202E⟩b⟨U+000A⟩c⟨U+FEFF⟩"
        );
        assert_eq!(visible("a\r\nb", true), "a⟨U+000D⟩\nb");
        assert_eq!(visible("Zoë Müller 李", false), "Zoë Müller 李");
    }
}
