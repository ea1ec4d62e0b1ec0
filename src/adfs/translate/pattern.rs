//! Regular expressions of .NET, for whole values and without what cannot be matched in linear time.

use regex_lite::Regex;

use crate::trust::{Pattern, Replacement};

/// Why an expression cannot be said here.
const UNSAYABLE: &str = "its regular expression uses what Homerealm's have not (look-around, a back \
                         reference, a Unicode class), or is too long";

/// A pattern for the whole of a value in which the expression is found.
pub(super) fn found_in(expression: &str) -> Result<String, String> {
    let pattern = format!("^{}$", around(expression, "", ""));
    Pattern::parse(&pattern).map_err(|_| UNSAYABLE.to_owned())?;
    Ok(pattern)
}

/// A replacement that lets values through in which the expression is found, and no others.
pub(super) fn only_found(expression: &str) -> Result<(String, String), String> {
    checked(
        format!("^(?<all>{})$", around(expression, "", "")),
        "${all}".to_owned(),
    )
}

/// A replacement that lets this value through, and no other.
pub(super) fn only(value: &str) -> (String, String) {
    (
        format!("^({})$", regex_lite::escape(value)),
        "$1".to_owned(),
    )
}

/// A text before each value, and one behind it.
pub(super) fn between(before: &str, behind: &str) -> (String, String) {
    let (before, behind) = (before.replace('$', "$$"), behind.replace('$', "$$"));
    ("^(.*)$".to_owned(), format!("{before}${{1}}{behind}"))
}

/// `RegExReplace` as a replacement for a whole value.
///
/// .NET replaces each place where the expression is found. With an anchor there is at most one, and the
/// rest of the value is kept around it.
pub(super) fn replaced(expression: &str, with: &str) -> Result<(String, String), String> {
    if is_branched(expression) {
        return Err(
            "RegExReplace by a choice (a|b) may replace several places of a value".to_owned(),
        );
    }
    let (at_start, at_end) = (expression.starts_with('^'), ends_at_end(expression));
    let pattern = match (at_start, at_end) {
        (true, true) => return checked(expression.to_owned(), with.to_owned()),
        (false, false) => {
            return Err(
                "RegExReplace without ^ or $ may replace several places of a value".to_owned(),
            );
        }
        _ => format!("^{}$", around(expression, "before", "after")),
    };
    let before = if at_start { "" } else { "${before}" };
    let after = if at_end { "" } else { "${after}" };
    checked(pattern, format!("{before}{with}{after}"))
}

fn checked(pattern: String, with: String) -> Result<(String, String), String> {
    Replacement::parse(&pattern, &with).map_err(|_| UNSAYABLE.to_owned())?;
    Ok((pattern, with))
}

/// The expression without its anchors, and whatever may stand around it where it had none, in groups of
/// these names.
fn around(expression: &str, before: &str, after: &str) -> String {
    let any = |name: &str, any: &str| match name {
        "" => any.to_owned(),
        name => format!("(?<{name}>{any})"),
    };
    // An anchor is that of one branch only in `^a|b$`.
    if is_branched(expression) {
        return format!(".*?(?:{expression}).*");
    }
    let ends = ends_at_end(expression);
    let inner = expression.strip_prefix('^').unwrap_or(expression);
    let inner = if ends {
        inner.strip_suffix('$').unwrap_or(inner)
    } else {
        inner
    };
    let start = if expression.starts_with('^') {
        String::new()
    } else {
        any(before, ".*?")
    };
    let end = if ends {
        String::new()
    } else {
        any(after, ".*")
    };
    format!("{start}(?:{inner}){end}")
}

/// Whether it ends with `$`, and not with an escaped one.
fn ends_at_end(expression: &str) -> bool {
    expression.strip_suffix('$').is_some_and(|before| {
        let backslashes = before.bytes().rev().take_while(|&octet| octet == b'\\');
        backslashes.count() % 2 == 0
    })
}

/// Whether there is a `|` outside of any group.
fn is_branched(expression: &str) -> bool {
    let (mut depth, mut is_escaped, mut in_class) = (0_usize, false, false);
    for c in expression.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => depth += 1,
            ')' if !in_class => depth = depth.saturating_sub(1),
            '|' if !in_class && depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// What `RegExReplace` makes of `DOMAIN\name`: found by asking it about made-up accounts.
pub(super) fn of_account_name(expression: &str, with: &str) -> Option<AccountPart> {
    let regex = Regex::new(expression).ok()?;
    let made_up = [("CONTOSO", "wmoran"), ("X", "a.b-c1"), ("corp9", "Zed_0")];
    let all = |part: fn(&str, &str) -> String| {
        made_up.iter().all(|(domain, name)| {
            let account = format!("{domain}\\{name}");
            regex.replace_all(&account, with) == part(domain, name)
        })
    };
    if all(|_, name| name.to_owned()) {
        Some(AccountPart::Name)
    } else if all(|domain, name| format!("{domain}\\{name}")) {
        Some(AccountPart::Whole)
    } else {
        None
    }
}

/// A part of `DOMAIN\name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccountPart {
    Name,
    Whole,
}
