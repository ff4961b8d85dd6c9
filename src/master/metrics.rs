//! Figures for Prometheus (`GET /metrics`).
//!
//! What happens is counted where it happens; what *is* (tasks by status, nodes by state) is
//! counted when somebody asks, so that nothing can drift.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::cluster::Cluster;
use super::feed::Committed;
use crate::core::{Availability, Kind, Node, Status};

/// One kind of request, and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByStatus {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByKind {
    kind: &'static str,
}

type Latencies = Family<Asked, Histogram, fn() -> Histogram>;

/// Everything the master counts.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    latencies: Latencies,
    events: Family<ByKind, Counter>,
    submissions: Counter,
    placements: Counter,
    tasks: Family<ByStatus, Gauge>,
    nodes: Family<ByState, Gauge>,
    queued: Gauge,
    commit_changes: Histogram,
    commit_seconds: Histogram,
    dispatched: Counter,
    dispatch_failures: Counter,
}

impl Metrics {
    /// All figures at zero.
    pub fn new() -> Self {
        let latencies = Latencies::new_with_constructor(latency as fn() -> Histogram);
        let mut metrics = Self {
            registry: Registry::with_prefix("podling"),
            requests: Family::default(),
            latencies,
            events: Family::default(),
            submissions: Counter::default(),
            placements: Counter::default(),
            tasks: Family::default(),
            nodes: Family::default(),
            queued: Gauge::default(),
            commit_changes: Histogram::new(exponential_buckets(1.0, 4.0, 7)),
            commit_seconds: latency(),
            dispatched: Counter::default(),
            dispatch_failures: Counter::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "http_requests",
            "Requests answered, by route and status",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "http_request",
            "Time until the answer began",
            Unit::Seconds,
            self.latencies.clone(),
        );
        registry.register(
            "events",
            "Changes made durable, by kind",
            self.events.clone(),
        );
        registry.register(
            "submissions",
            "Tasks accepted and durable",
            self.submissions.clone(),
        );
        registry.register(
            "placements",
            "Placements of tasks on nodes",
            self.placements.clone(),
        );
        registry.register("tasks", "Tasks by status", self.tasks.clone());
        registry.register("nodes", "Nodes by state", self.nodes.clone());
        registry.register(
            "commit_queue_depth",
            "Decisions that wait for the store",
            self.queued.clone(),
        );
        registry.register(
            "commit_batch_changes",
            "Changes per transaction",
            self.commit_changes.clone(),
        );
        registry.register_with_unit(
            "commit",
            "Time a transaction took, retries included",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
        registry.register(
            "dispatched",
            "Orders that workers accepted",
            self.dispatched.clone(),
        );
        registry.register(
            "dispatch_failures",
            "Requests to workers that failed",
            self.dispatch_failures.clone(),
        );
    }

    /// A request was answered.
    pub fn answered(&self, method: &str, route: &'static str, status: u16, took: Duration) {
        let method = known(method);
        let labels = Answered {
            method,
            route,
            status,
        };
        self.requests.get_or_create(&labels).inc();
        self.latencies
            .get_or_create(&Asked { method, route })
            .observe(took.as_secs_f64());
    }

    /// A transaction was committed.
    pub fn committed(&self, changes: &Committed, took: Duration) {
        self.commit_changes.observe(changes.len() as f64);
        self.commit_seconds.observe(took.as_secs_f64());
        for change in changes.iter() {
            let kind = change.event.kind;
            match kind {
                Kind::TaskSubmitted => self.submissions.inc(),
                Kind::TaskScheduled => self.placements.inc(),
                _ => 0,
            };
            self.events
                .get_or_create(&ByKind {
                    kind: kind.as_str(),
                })
                .inc();
        }
    }

    /// A worker accepted so many orders.
    pub fn dispatched(&self, orders: u64) {
        self.dispatched.inc_by(orders);
    }

    /// A request to a worker failed.
    pub fn dispatch_failed(&self) {
        self.dispatch_failures.inc();
    }

    /// All figures as Prometheus text (OpenMetrics 1.0).
    ///
    /// # Errors
    /// When a figure can't be written.
    pub fn render(&self, cluster: &Cluster) -> Result<String, std::fmt::Error> {
        self.queued.set(cluster.queued() as i64);
        let mut tasks = [0; STATUSES.len()];
        let mut nodes = [0; STATES.len()];
        cluster.read(|state| {
            for task in state.tasks() {
                tasks[task.status as usize] += 1;
            }
            for node in state.nodes() {
                nodes[state_of(node)] += 1;
            }
        });
        for (status, count) in STATUSES.iter().zip(tasks) {
            let status = status.as_str();
            self.tasks.get_or_create(&ByStatus { status }).set(count);
        }
        for (state, count) in STATES.iter().zip(nodes) {
            self.nodes.get_or_create(&ByState { state }).set(count);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// In the order of the enum, which is the index.
const STATUSES: [Status; 6] = [
    Status::Pending,
    Status::Scheduled,
    Status::Running,
    Status::Completed,
    Status::Failed,
    Status::Stopped,
];

const STATES: [&str; 5] = ["ready", "draining", "degraded", "unreachable", "offline"];

fn state_of(node: &Node) -> usize {
    match node.availability {
        Availability::Offline => 4,
        Availability::Online if node.unreachable.is_some() => 3,
        Availability::Online if node.degraded.is_some() => 2,
        Availability::Online if node.drain.is_some() => 1,
        Availability::Online => 0,
    }
}

fn latency() -> Histogram {
    // 0.25 ms to 4 s: what is slower is a stream or a store in trouble.
    Histogram::new(exponential_buckets(0.000_25, 4.0, 8))
}

/// The method as a label; whoever invents methods gets no label of his own.
fn known(method: &str) -> &'static str {
    match method {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        _ => "other",
    }
}
