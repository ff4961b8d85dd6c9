//! What is counted, for `GET /metrics`.

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::runner::Runner;

/// A label with a fixed set of values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Text(String);

impl prometheus_client::encoding::EncodeLabelValue for Text {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        self.0.as_str().encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: Text,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorKind {
    kind: Text,
}

/// The worker's figures.
pub struct Metrics {
    registry: Registry,
    tasks: Family<Status, Gauge>,
    starts: Counter,
    start_seconds: Histogram,
    engine_errors: Family<ErrorKind, Counter>,
    engine_up: Gauge,
    reports_waiting: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("podling_worker");
        let tasks = Family::default();
        registry.register("tasks", "Tasks on this node by status", tasks.clone());
        let starts = Counter::default();
        registry.register("starts", "Containers started", starts.clone());
        let start_seconds = Histogram::new(exponential_buckets(0.01, 2.0, 12));
        registry.register(
            "start_seconds",
            "How long the engine takes to start a container",
            start_seconds.clone(),
        );
        let engine_errors = Family::default();
        registry.register(
            "engine_errors",
            "Operations of the engine that failed, by kind",
            engine_errors.clone(),
        );
        let engine_up = Gauge::default();
        registry.register("engine_up", "1 when the engine answers", engine_up.clone());
        let reports_waiting = Gauge::default();
        registry.register(
            "reports_waiting",
            "Reports the master has not accepted yet",
            reports_waiting.clone(),
        );
        Self {
            registry,
            tasks,
            starts,
            start_seconds,
            engine_errors,
            engine_up,
            reports_waiting,
        }
    }
}

impl Metrics {
    /// A container was started; the engine took so long.
    pub fn started(&self, took_ms: u64) {
        self.starts.inc();
        self.start_seconds.observe(took_ms as f64 / 1000.0);
    }

    /// An operation of the engine failed.
    pub fn engine_error(&self, kind: &str) {
        let kind = Text(kind.into());
        self.engine_errors.get_or_create(&ErrorKind { kind }).inc();
    }

    /// Prometheus text; what can be counted at any time is counted now.
    ///
    /// # Errors
    /// Never in practice: writing to a string does not fail.
    pub fn render(&self, runner: &Runner) -> Result<String, std::fmt::Error> {
        self.tasks.clear();
        for report in runner.reports().unwrap_or_default() {
            let status = Text(report.report.status);
            self.tasks.get_or_create(&Status { status }).inc();
        }
        let shared = runner.shared();
        let ready = *shared.engine.condition().borrow() == super::engine::Condition::Ready;
        self.engine_up.set(i64::from(ready));
        self.reports_waiting.set(shared.reporter.count() as i64);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
