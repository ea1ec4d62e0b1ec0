//! The report in the form that CI servers read, `JUnit`'s: one test case for each step.

use std::fmt::Write as _;

use super::{Report, StepReport};

impl Report {
    /// One test suite of this scenario.
    pub fn to_junit(&self) -> String {
        let failed = self.steps.iter().filter(|step| !step.passed).count();
        let seconds: f64 = self.steps.iter().map(|step| step.seconds).sum();
        let name = escape(&self.scenario);
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <testsuites>\n\
             <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" \
             skipped=\"0\" time=\"{seconds:.3}\">\n",
            self.steps.len()
        );
        for step in &self.steps {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "<testcase classname=\"{name}\" name=\"{}\" time=\"{:.3}\"",
                escape(&step.name),
                step.seconds
            );
            if step.passed {
                text.push_str("/>\n");
            } else {
                text.push_str(">\n");
                failure(&mut text, step);
                text.push_str("</testcase>\n");
            }
        }
        text.push_str("</testsuite>\n</testsuites>\n");
        text
    }
}

fn failure(text: &mut String, step: &StepReport) {
    let detail = step.refusal.as_ref().map_or("", |it| it.detail.as_str());
    let _ = writeln!(
        text,
        "<failure type=\"{}\" message=\"{}\">expected: {}\n{}\n{}</failure>",
        escape(step.action),
        escape(&step.found),
        escape(&step.expected),
        escape(detail),
        escape(step.mend.unwrap_or_default()),
    );
}

/// Text for markup; what XML 1.0 cannot hold at all becomes U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
