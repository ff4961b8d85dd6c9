//! What the cluster does by itself: `(&State, Now) -> Vec<Change>`, and what a worker is told.

use std::sync::Arc;

use super::{Change, NodeId, Now, Report, State, Task, TaskId};

/// Places pending tasks. Bounded work: at most `limit` tasks are looked at.
pub fn place(state: &State, now: Now, limit: usize) -> Vec<Change> {
    let _ = (state, now, limit);
    vec![]
}

/// Looks after nodes: offline, unreachable, the brake, drains whose deadline has passed.
pub fn nodes(state: &State, now: Now) -> Vec<Change> {
    let _ = (state, now);
    vec![]
}

/// Forgets ended tasks that have aged out, at most `limit`.
pub fn reap(state: &State, now: Now, limit: usize) -> Vec<Change> {
    let _ = (state, now, limit);
    vec![]
}

/// Which nodes are to be probed now: silent for `probe_after_ms` in both directions.
pub fn to_probe(state: &State, now: Now) -> Vec<NodeId> {
    let _ = (state, now);
    vec![]
}

/// What a worker is to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopOrder {
    /// Which task.
    pub task: TaskId,
    /// Which attempt of it, and every older one.
    pub attempt: u32,
    /// Seconds between SIGTERM and SIGKILL.
    pub grace_seconds: u32,
    /// The container is to go too.
    pub remove: bool,
}

/// What a worker runs and should not, and the other way round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences {
    /// To be run, and not named.
    pub run: Vec<Arc<Task>>,
    /// Named, and to be stopped.
    pub stop: Vec<StopOrder>,
}

/// Compares what a worker says it runs with what it should run. `reported: None` (a Go worker,
/// which does not say): nothing to run again, and only what a user wants stopped.
pub fn differences(state: &State, node: &NodeId, reported: Option<&[Report]>) -> Differences {
    let _ = (state, node, reported);
    Differences::default()
}

/// What a worker is to be told about one task right after a commit: run it, stop it, or nothing.
pub fn order(task: &Task) -> Option<Order> {
    let _ = task;
    None
}

/// One thing to tell a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Run this attempt.
    Run,
    /// Stop (and perhaps remove) it.
    Stop(StopOrder),
}
