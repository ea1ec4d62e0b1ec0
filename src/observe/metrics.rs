//! What monitoring reads: gauges and counters in the text form of Prometheus (exposition format 0.0.4).

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

/// The gauges, each with the meaning that it was first set with.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<BTreeMap<&'static str, Gauge>>);

#[derive(Debug)]
struct Gauge {
    help: &'static str,
    value: Value,
}

enum Value {
    Set(i64),
    /// Looked up whenever somebody wants to know.
    Read(Box<dyn Fn() -> i64 + Send + Sync>),
}

impl Value {
    fn now(&self) -> i64 {
        match self {
            Self::Set(value) => *value,
            Self::Read(read) => read(),
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.now().fmt(formatter)
    }
}

impl Metrics {
    /// The media type of [`Metrics::to_text`].
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Sets a gauge, or a counter: by Prometheus's custom, a name that ends in `_total` is a counter's.
    /// `name` and `help` are one word and one line, written as they are.
    pub fn set(&self, name: &'static str, help: &'static str, value: i64) {
        self.tell(name, help, Value::Set(value));
    }

    /// The same for what `read` says at the time. It must not come back to these metrics.
    pub fn read(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> i64 + Send + Sync + 'static,
    ) {
        self.tell(name, help, Value::Read(Box::new(read)));
    }

    fn tell(&self, name: &'static str, help: &'static str, value: Value) {
        let mut gauges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.insert(name, Gauge { help, value });
    }

    /// Takes a gauge away that means nothing any more.
    pub fn remove(&self, name: &'static str) {
        let mut gauges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.remove(name);
    }

    /// All of them, in the order of their names.
    pub fn to_text(&self) -> String {
        let gauges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for (name, Gauge { help, value }) in gauges.iter() {
            let kind = if name.ends_with("_total") {
                "counter"
            } else {
                "gauge"
            };
            let value = value.now();
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_are_told_as_prometheus_reads_them() {
        let metrics = Metrics::default();
        metrics.set("b_days", "Days.", 30);
        metrics.set("a", "A.", -1);
        metrics.set("b_days", "Days.", 29);
        metrics.set("b_total", "Bs.", 2);
        metrics.set("c", "Gone.", 1);
        metrics.remove("c");
        metrics.read("d_total", "D.", || 7);
        assert_eq!(
            metrics.to_text(),
            "# HELP a A.\n# TYPE a gauge\na -1\n# HELP b_days Days.\n# TYPE b_days gauge\nb_days 29\n\
             # HELP b_total Bs.\n# TYPE b_total counter\nb_total 2\n\
             # HELP d_total D.\n# TYPE d_total counter\nd_total 7\n"
        );
    }
}
