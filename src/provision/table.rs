//! The changes in columns, for people.

use serde_json::Value;

use super::{Action, Changes};

/// What is to be done, and who is left as she is. What a terminal would obey is shown as `\u{fffd}`.
pub fn table(changes: &Changes) -> String {
    let mut rows = Vec::new();
    for change in &changes.changes {
        let what = match change.action {
            Action::Delete => "not in the directory any more".to_owned(),
            Action::Create => {
                let mail = change.properties.get("mail").and_then(Value::as_str);
                mail.unwrap_or_default().to_owned()
            }
            Action::Disable | Action::Update => {
                let properties = change.properties.iter();
                let properties = properties.map(|(name, value)| format!("{name} = {value}"));
                properties.collect::<Vec<_>>().join(", ")
            }
        };
        rows.push((
            change.action.to_string(),
            change.user_principal_name.clone(),
            what,
        ));
    }
    for left_out in &changes.left_out {
        let name = left_out.user_principal_name.as_ref();
        let name = name.unwrap_or(&left_out.dn).clone();
        rows.push(("leave".to_owned(), name, left_out.because.clone()));
    }
    let names = rows.iter().map(|(_, name, _)| name.chars().count());
    let width = names.max().unwrap_or_default();
    let lines = rows.iter().map(|(action, name, what)| {
        let line = format!("{action:8}{name:width$}  {what}");
        format!("{}\n", printable(line.trim_end()))
    });
    lines.collect()
}

fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}
