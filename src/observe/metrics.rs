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
    kind: &'static str,
    value: i64,
}

impl Metrics {
    /// The media type of [`Metrics::to_text`].
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Sets a gauge. `name` and `help` are one word and one line, written as they are.
    pub fn set(&self, name: &'static str, help: &'static str, value: i64) {
        self.tell(name, help, "gauge", value);
    }

    /// The same for what only grows: a counter. Its name ends with `_total`.
    pub fn count(&self, name: &'static str, help: &'static str, value: i64) {
        self.tell(name, help, "counter", value);
    }

    fn tell(&self, name: &'static str, help: &'static str, kind: &'static str, value: i64) {
        let mut gauges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.insert(name, Gauge { help, kind, value });
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
        for (name, Gauge { help, kind, value }) in gauges.iter() {
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
        metrics.count("b_total", "Bs.", 2);
        metrics.set("c", "Gone.", 1);
        metrics.remove("c");
        assert_eq!(
            metrics.to_text(),
            "# HELP a A.\n# TYPE a gauge\na -1\n# HELP b_days Days.\n# TYPE b_days gauge\nb_days 29\n# HELP b_total Bs.\n# TYPE b_total counter\nb_total 2\n"
        );
    }
}
