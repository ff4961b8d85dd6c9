//! Everything that can be asked of the cluster from outside. What it does by itself is in
//! `reconcile`.

use std::collections::BTreeMap;

use super::{Capacity, Engine, Idempotency, Monotonic, NodeId, Spec, Status, TaskId};

/// A request for a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A new task.
    Submit(Submit),
    /// A user wants a task to end.
    Stop(Stop),
    /// A user wants a task to be forgotten.
    Remove(Remove),
    /// A worker says what became of a task.
    Report(Report),
    /// A worker did not take a task, because it shuts down.
    Decline(Decline),
    /// A worker begins, or begins again.
    Register(Register),
    /// A worker says that it lives, and what it runs.
    Heartbeat(Heartbeat),
    /// A worker signs off.
    Deregister(Deregister),
    /// A node is to get nothing new and to be emptied.
    Drain(Drain),
    /// A node takes tasks again.
    Uncordon(NodeId),
    /// An offline node is forgotten.
    Forget(NodeId),
    /// Ended tasks and offline nodes are forgotten, so many at a time: see `decide::PRUNE_LIMIT`.
    Prune,
    /// An operator overrides the mass-failure brake.
    ReleaseBrake,
}

/// A new task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submit {
    /// What it is asked to be.
    pub spec: Spec,
    /// The client's key, when it sent one.
    pub idempotency: Option<Idempotency>,
}

/// A task is to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Which.
    pub task: TaskId,
    /// Seconds between SIGTERM and SIGKILL.
    pub grace_seconds: u32,
}

/// A task is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remove {
    /// Which.
    pub task: TaskId,
    /// Also when it still runs: it is killed first.
    pub force: bool,
}

/// What a worker says about a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which task.
    pub task: TaskId,
    /// Which attempt; none (a Go worker): the current one.
    pub attempt: Option<u32>,
    /// From which node; none (a Go worker): the one the task is on.
    pub node: Option<NodeId>,
    /// In which status it is.
    pub status: Status,
    /// The engine's id of its container.
    pub container_id: Option<String>,
    /// How the container ended.
    pub exit_code: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
    /// What is going on, one line.
    pub reason: Option<String>,
    /// Restarts within the attempt.
    pub restart_count: Option<u32>,
    /// The container's health check.
    pub health: Option<String>,
}

/// A worker did not take a task, because it shuts down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decline {
    /// Which task.
    pub task: TaskId,
    /// Which attempt.
    pub attempt: u32,
    /// Which node.
    pub node: NodeId,
    /// When the order was sent that it refused.
    pub sent_at: Monotonic,
}

/// A worker begins, or begins again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// Its id, when it has chosen one.
    pub node: Option<NodeId>,
    /// Where the master reaches it.
    pub hostname: String,
    /// Its port.
    pub port: u16,
    /// What it has for tasks.
    pub capacity: Capacity,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Its engine.
    pub engine: Option<Engine>,
    /// Its version.
    pub version: Option<String>,
    /// How often it beats; none: every 30 s.
    pub heartbeat_interval_ms: Option<u64>,
    /// The state of its engine.
    pub condition: EngineCondition,
    /// What it runs; none: not said.
    pub tasks: Option<Vec<Report>>,
}

/// How a worker that registers is known: by its id when it has chosen one, else by where it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registrant {
    /// By its id, wherever it is and whoever was there before.
    Node(NodeId),
    /// By its address.
    At(String, u16),
}

impl Register {
    /// How this worker is known.
    pub fn registrant(&self) -> Registrant {
        match &self.node {
            Some(id) => Registrant::Node(id.clone()),
            None => Registrant::At(self.hostname.clone(), self.port),
        }
    }
}

/// The state of a node's container engine, and whether its worker takes tasks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum EngineCondition {
    /// The worker did not say (a Go worker).
    #[default]
    Unsaid,
    /// It answers, and the worker takes tasks.
    Ready,
    /// It answers, and the worker shuts down.
    Closing,
    /// It does not, and why.
    Degraded(String),
}

/// A worker lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// Which node.
    pub node: NodeId,
    /// Everything it runs or keeps; none: not said.
    pub tasks: Option<Vec<Report>>,
    /// The state of its engine.
    pub condition: EngineCondition,
    /// What its engine calls itself; none: not said.
    pub engine: Option<String>,
}

/// A worker signs off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deregister {
    /// Which node.
    pub node: NodeId,
}

/// A node is to be emptied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drain {
    /// Which node.
    pub node: NodeId,
    /// After so many seconds what still runs is moved.
    pub deadline_seconds: u64,
    /// Its worker asks for it, because it shuts down; else an operator does.
    pub by_worker: bool,
}
