/// How a name was mapped, step by step, for the doctor. Never a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    steps: Vec<TraceStep>,
}

/// One step of a [`Trace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceStep {
    /// What was looked at and what was found.
    pub text: String,
    /// Whether the name got past it. At most the last step of a trace did not.
    pub passed: bool,
}

impl Trace {
    /// The steps, in order.
    pub fn steps(&self) -> &[TraceStep] {
        &self.steps
    }

    /// Whether the name means an account that may sign in.
    pub fn passed(&self) -> bool {
        self.steps.last().is_some_and(|step| step.passed)
    }

    pub(super) fn pass(&mut self, text: String) {
        self.steps.push(TraceStep { text, passed: true });
    }

    pub(super) fn refuse(&mut self, text: String) {
        self.steps.push(TraceStep {
            text,
            passed: false,
        });
    }
}
