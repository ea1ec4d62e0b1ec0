//! Text that is not what it looks like (UTS 39).

use unicode_normalization::{char::is_combining_mark, is_nfc};
use unicode_security::{
    GeneralSecurityProfile, MixedScript, general_security_profile::IdentifierType,
    mixed_script::AugmentedScriptSet, skeleton,
};

use super::NameError;

/// Judges one local part or domain label; ASCII is judged by its own grammar elsewhere.
pub(super) fn judge(text: &str) -> Result<(), NameError> {
    if text.is_ascii() {
        return Ok(());
    }
    if !text
        .chars()
        .all(|character| character.is_ascii() || is_letter(character))
        || text.starts_with(is_combining_mark)
    {
        return Err(NameError::Character);
    }
    if !is_nfc(text) {
        return Err(NameError::NotNormalized);
    }
    if !text.is_single_script() {
        return Err(NameError::MixedScripts);
    }
    let imitates_ascii = if is_latin(text) {
        text.chars()
            .any(|character| !character.is_ascii() && looks_ascii(character))
    } else {
        skeleton(text)
            .filter(|&character| !is_combining_mark(character))
            .all(|c| c.is_ascii())
    };
    if imitates_ascii {
        Err(NameError::LookAlike)
    } else {
        Ok(())
    }
}

fn is_letter(character: char) -> bool {
    character.identifier_type() == Some(IdentifierType::Recommended)
        && (character.is_alphabetic() || is_combining_mark(character))
}

fn is_latin(text: &str) -> bool {
    let mut scripts = AugmentedScriptSet::for_str(text);
    scripts.intersect_with(AugmentedScriptSet::for_char('a'));
    !scripts.is_empty()
}

fn looks_ascii(character: char) -> bool {
    skeleton(character.encode_utf8(&mut [0; 4])).all(|imitated| imitated.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_words_pass() {
        for word in [
            "müller",
            "größe",
            "пример",
            "例え",
            "한국어",
            "παράδειγμα",
            "דוגמה",
            "مثال",
            "उदाहरण",
            "bücher-2",
            "łódź",
        ] {
            assert_eq!(judge(word), Ok(()), "{word}");
        }
    }

    #[test]
    fn imitations_do_not() {
        for (text, error) in [
            ("раураl", NameError::MixedScripts),
            ("аррӏе", NameError::LookAlike),
            ("ѕсоре", NameError::LookAlike),
            ("сосо", NameError::LookAlike),
            ("ӓ", NameError::LookAlike),
            ("fabrıkam", NameError::LookAlike),
            ("wmοran", NameError::MixedScripts),
            ("ｆabrikam", NameError::Character),
            ("wmoran\u{202e}", NameError::Character),
            ("wm\u{200d}oran", NameError::Character),
            ("wm\u{ad}oran", NameError::Character),
            ("wm\u{a0}oran", NameError::Character),
            ("wm\u{feff}oran", NameError::Character),
            ("\u{301}a", NameError::Character),
            ("٣", NameError::Character),
            ("a\u{378}", NameError::Character),
            ("😀", NameError::Character),
            ("mu\u{308}ller", NameError::NotNormalized),
        ] {
            assert_eq!(judge(text), Err(error), "{text:?}");
        }
    }
}
