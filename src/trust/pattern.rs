use regex_lite::{Regex, RegexBuilder};

/// The longest pattern, and the longest replacement, in bytes.
const LONGEST: usize = 512;
/// The most memory that a compiled pattern may take, in bytes: what its text expands to.
const LARGEST: usize = 64 * 1024;

/// A regular expression over a whole value.
///
/// It must be written with its anchors, `^...$`: one without them would also find its text inside
/// of a longer value, which somebody else may have written. Matching takes time linear in the value
/// (there are no backreferences and no look-around).
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// Why a pattern or its replacement cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It does not begin with `^` and end with `$`.
    #[error("a pattern is for a whole value: it begins with ^ and ends with $")]
    Unanchored,
    /// More than 512 bytes, or it grows too large when compiled.
    #[error("the pattern is too long")]
    TooLong,
    /// No regular expression.
    #[error("not a regular expression: {0}")]
    Syntax(String),
    /// The replacement names a group that the pattern does not have.
    #[error("the replacement names the group {0:?}, which the pattern does not have")]
    NoSuchGroup(String),
    /// A `$` in the replacement that begins no group's name.
    #[error("a $ in the replacement is followed by a group's name or number, or by another $")]
    LoneDollar,
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.len() > LONGEST {
            return Err(PatternError::TooLong);
        }
        let inner = text
            .strip_prefix('^')
            .and_then(|rest| rest.strip_suffix('$'))
            .filter(|inner| !ends_in_escape(inner))
            .ok_or(PatternError::Unanchored)?;
        // By itself first, so that what follows puts the anchors around all of it: around `a|b`,
        // and not around `a)|(b`.
        compile(inner)?;
        Ok(Self {
            text: text.to_owned(),
            regex: compile(&format!("^(?:{inner})$"))?,
        })
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches the value, all of it.
    pub fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }
}

/// Whether a backslash escapes what follows this text.
fn ends_in_escape(text: &str) -> bool {
    let backslashes = text.bytes().rev().take_while(|&octet| octet == b'\\');
    backslashes.count() % 2 == 1
}

fn compile(text: &str) -> Result<Regex, PatternError> {
    RegexBuilder::new(text)
        .size_limit(LARGEST)
        .build()
        .map_err(|error| PatternError::Syntax(error.to_string()))
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

/// A value made of another: a [`Pattern`], and what stands in place of what it matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    pattern: Pattern,
    with: String,
}

impl Replacement {
    /// Reads a replacement. In `with`, `$1` and `$name` stand for what a group matched, `${1}` where
    /// a letter or digit follows, and `$$` for a dollar.
    pub fn parse(pattern: &str, with: &str) -> Result<Self, PatternError> {
        let pattern = Pattern::parse(pattern)?;
        if with.len() > LONGEST {
            return Err(PatternError::TooLong);
        }
        // Whatever names no group becomes nothing when it is expanded, so it must not get there.
        for name in group_names(with)? {
            let is_there = match name.parse::<usize>() {
                Ok(number) => number < pattern.regex.captures_len(),
                Err(_) => pattern.regex.capture_names().flatten().any(|n| n == name),
            };
            if !is_there {
                return Err(PatternError::NoSuchGroup(name.to_owned()));
            }
        }
        Ok(Self {
            pattern,
            with: with.to_owned(),
        })
    }

    /// The value in place of `value`; `None` where the pattern does not match.
    pub fn apply(&self, value: &str) -> Option<String> {
        let captures = self.pattern.regex.captures(value)?;
        let mut replaced = String::new();
        captures.expand(&self.with, &mut replaced);
        Some(replaced)
    }

    /// The pattern.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }
}

/// The groups that a replacement names.
fn group_names(with: &str) -> Result<Vec<&str>, PatternError> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = Vec::new();
    let mut rest = with;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(after) = after.strip_prefix('$') {
            rest = after;
            continue;
        }
        let (name, after) = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}').ok_or(PatternError::LoneDollar)?,
            None => after.split_at(after.find(|c| !is_word(c)).unwrap_or(after.len())),
        };
        if name.is_empty() || !name.chars().all(is_word) {
            return Err(PatternError::LoneDollar);
        }
        names.push(name);
        rest = after;
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_is_for_the_whole_value() {
        let pattern = Pattern::parse("^IT|HR$").unwrap();
        for (value, matches) in [
            ("IT", true),
            ("HR", true),
            ("ITX", false),
            ("XHR", false),
            ("HR\n", false),
            ("IT\nHR", false),
            ("", false),
        ] {
            assert_eq!(pattern.matches(value), matches, "{value:?}");
        }
        let multiline = Pattern::parse("^(?m)a$").unwrap();
        assert!(multiline.matches("a") && !multiline.matches("a\nb"));
        assert!(Pattern::parse("^(?i)it$").unwrap().matches("It"));
        assert!(Pattern::parse(r"^a\\$").unwrap().matches(r"a\"));
    }

    #[test]
    fn patterns_without_anchors_are_refused() {
        for bad in [
            "", "^", "$", "a", "^a", "a$", r"^a\$", " ^a$", "(^a$)", "(?i)^a$",
        ] {
            assert_eq!(
                Pattern::parse(bad),
                Err(PatternError::Unanchored),
                "{bad:?}"
            );
        }
        for bad in [
            "^a)|(b$",
            "^($",
            "^[$",
            "^(?x)a # $",
            r"^(a)\1$",
            "^(?=a)$",
            "^a{9999}{99}$",
        ] {
            let error = Pattern::parse(bad).unwrap_err();
            assert!(matches!(error, PatternError::Syntax(_)), "{bad:?}: {error}");
        }
        let long = format!("^{}$", "a".repeat(511));
        assert_eq!(Pattern::parse(&long), Err(PatternError::TooLong));
    }

    #[test]
    fn what_matched_is_replaced() {
        for (pattern, with, value, replaced) in [
            (
                "^([^@]+)@fabrikam\\.com$",
                "$1",
                "wendy@fabrikam.com",
                Some("wendy"),
            ),
            ("^([^@]+)@fabrikam\\.com$", "$1", "wendy@adatum.com", None),
            ("^(?<a>.)(?<b>.)$", "${b}${a}1", "xy", Some("yx1")),
            ("^.*$", "$$1 for $0", "x", Some("$1 for x")),
            ("^a(b)?$", "[$1]", "a", Some("[]")),
        ] {
            let replacement = Replacement::parse(pattern, with).unwrap();
            assert_eq!(replacement.apply(value).as_deref(), replaced, "{pattern}");
        }
    }

    #[test]
    fn replacements_name_groups_that_are_there() {
        for (with, error) in [
            ("$2", PatternError::NoSuchGroup("2".into())),
            ("$1a", PatternError::NoSuchGroup("1a".into())),
            ("${name}", PatternError::NoSuchGroup("name".into())),
            ("$", PatternError::LoneDollar),
            ("$-", PatternError::LoneDollar),
            ("${1", PatternError::LoneDollar),
            ("${}", PatternError::LoneDollar),
            ("$$$", PatternError::LoneDollar),
        ] {
            assert_eq!(Replacement::parse("^(.*)$", with), Err(error), "{with}");
        }
    }

    proptest! {
        #[test]
        fn anchored_patterns_match_nothing_else(word in "[a-z]{1,8}", around in "\\PC{1,8}") {
            for pattern in [format!("^{word}$"), format!("^x|{word}$"), format!("^{word}|x$")] {
                let pattern = Pattern::parse(&pattern).unwrap();
                prop_assert!(pattern.matches(&word));
                let longer = [format!("{word}{around}"), format!("{around}{word}")];
                for longer in longer.iter().filter(|longer| *longer != "x") {
                    prop_assert!(!pattern.matches(longer), "{longer}");
                }
            }
        }

        #[test]
        fn no_text_makes_it_panic(pattern in "\\^.{0,12}\\$", with in ".{0,12}", value in any::<String>()) {
            if let Ok(replacement) = Replacement::parse(&pattern, &with) {
                let _ = replacement.apply(&value);
            }
        }
    }
}
