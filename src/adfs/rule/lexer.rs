//! A rule in words. Texts have no escapes: a backslash is one, and a quotation mark ends them.

use super::{RuleCause, RuleError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Number(u32),
    /// `=>`, `==`, `!=`, `=~`, `!~`, `&&`, `<=`, `>=` and single signs.
    Sign(&'static str),
}

/// The longer ones first.
const SIGNS: [&str; 23] = [
    "=>", "==", "!=", "=~", "!~", "&&", "<=", ">=", "=", "<", ">", "[", "]", "(", ")", "{", "}",
    ",", ".", ":", ";", "+", "@",
];

/// The words of a text, each with its place in characters from 1.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, RuleError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut at = 1;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            at += 1;
            continue;
        }
        let (token, length) = token(rest, first).map_err(|cause| RuleError { at, cause })?;
        tokens.push((at, token));
        let (read, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        at += read.chars().count();
        rest = behind;
    }
    Ok(tokens)
}

/// The first word of a text, and its length in bytes.
fn token(rest: &str, first: char) -> Result<(Token, usize), RuleCause> {
    if let Some(behind) = rest.strip_prefix('"') {
        let (text, _) = behind.split_once('"').ok_or(RuleCause::OpenText)?;
        return Ok((Token::Text(text.to_owned()), text.len() + 2));
    }
    if first.is_ascii_digit() {
        let digits = prefix(rest, |c| c.is_ascii_digit());
        let number = digits.parse().map_err(|_| RuleCause::Number)?;
        return Ok((Token::Number(number), digits.len()));
    }
    if first.is_alphabetic() || first == '_' {
        let word = prefix(rest, |c| c.is_alphanumeric() || c == '_');
        return Ok((Token::Word(word.to_owned()), word.len()));
    }
    let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
    let sign = sign.ok_or(RuleCause::Character(first))?;
    Ok((Token::Sign(sign), sign.len()))
}

fn prefix(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}
