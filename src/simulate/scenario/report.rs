//! What came of a scenario: for a terminal, and as JSON.

use std::fmt;

use serde::Serialize;

use crate::entra::{Refusal, verify::Check};

/// What came of a scenario.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// Whether each step came to what it had to.
    pub passed: bool,
    /// The steps, in their order.
    pub steps: Vec<StepReport>,
}

/// What came of one step.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    /// What it is called.
    pub name: String,
    /// What was done, as the file has it.
    pub action: &'static str,
    /// Whether it came to what it had to.
    pub passed: bool,
    /// How long it took.
    pub seconds: f64,
    /// What had to come.
    pub expected: String,
    /// What came.
    pub found: String,
    /// Entra's refusal, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// What to look at to mend it, where there was a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<&'static str>,
    /// What Entra checked, and what held.
    pub checks: Vec<Check>,
    /// The way, hop by hop.
    pub hops: Vec<Hop>,
}

/// One request and what came back.
#[derive(Clone, Debug, Serialize)]
pub struct Hop {
    /// "GET" or "POST".
    pub method: &'static str,
    /// Host and path; queries and bodies hold one-time values and passwords.
    pub to: String,
    /// The HTTP status that came back.
    pub status: u16,
    /// The title of the page that came back.
    pub page: String,
}

/// One line for each step, and what went wrong below it.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.scenario)?;
        for step in &self.steps {
            let word = if step.passed { "ok    " } else { "FAILED" };
            writeln!(f, "  {word} {}: {}", step.name, step.found)?;
            if step.passed {
                continue;
            }
            writeln!(f, "         expected: {}", step.expected)?;
            if let Some(refusal) = &step.refusal {
                writeln!(f, "         why: {}", refusal.detail)?;
            }
            if let Some(mend) = step.mend {
                writeln!(f, "         mend: {mend}")?;
            }
            for hop in &step.hops {
                let Hop {
                    method,
                    to,
                    status,
                    page,
                } = hop;
                writeln!(f, "         {method} {to}: {status} {page}")?;
            }
        }
        let passed = self.steps.iter().filter(|step| step.passed).count();
        write!(f, "{passed} of {} steps passed", self.steps.len())
    }
}
