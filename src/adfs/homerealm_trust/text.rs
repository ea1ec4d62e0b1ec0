//! Lines of TOML, with comments for people.

use std::fmt::Write as _;

use toml::Value;

/// A file as it grows.
#[derive(Default)]
pub(super) struct Text(pub(super) String);

impl Text {
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    pub(super) fn comment(&mut self, text: &str) {
        for line in text.lines() {
            // A carriage return and the like may not stand in a comment.
            let line: String = line
                .chars()
                .filter(|c| !c.is_control() || *c == '\t')
                .collect();
            self.line(format!("# {line}").trim_end());
        }
    }

    pub(super) fn entry(&mut self, key: &str, value: &Value) {
        let _ = writeln!(self.0, "{key} = {value}");
    }

    pub(super) fn list(&mut self, key: &str, items: &[String]) {
        if !items.is_empty() {
            let items = items.iter().map(|item| Value::from(item.as_str()));
            self.entry(key, &Value::Array(items.collect()));
        }
    }
}
