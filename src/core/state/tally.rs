//! What the tasks on a node take of it, kept while changes are made and recounted by tests.

use std::collections::{BTreeSet, HashMap};

use super::State;
use super::waiting::Waiting;
use crate::core::{HostPort, NodeId, Status, Task};

/// What the tasks on a node take of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tasks that take room.
    pub slots: u32,
    /// Millicores requested.
    pub cpu_millicores: u64,
    /// Bytes requested.
    pub memory_bytes: u64,
    /// Host ports taken.
    pub ports: BTreeSet<HostPort>,
    /// The sequence number of the last event that placed a task here: breaks ties between
    /// equally loaded nodes, the one that waited longest first.
    pub last_placement: u64,
    tasks: BTreeSet<u64>,
}

impl Usage {
    /// The sequence numbers of every task placed here last, ended ones too.
    pub fn tasks(&self) -> impl Iterator<Item = u64> {
        self.tasks.iter().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    pub(super) fn add(&mut self, task: &Task) {
        self.tasks.insert(task.sequence);
        self.last_placement = self.last_placement.max(task.placement);
        if task.status.is_active() {
            self.slots += 1;
            self.cpu_millicores += task.spec.requests.cpu_millicores;
            self.memory_bytes += task.spec.requests.memory_bytes;
            self.ports.extend(task.spec.host_ports());
        }
    }

    pub(super) fn remove(&mut self, task: &Task) {
        self.tasks.remove(&task.sequence);
        if task.status.is_active() {
            self.slots -= 1;
            self.cpu_millicores -= task.spec.requests.cpu_millicores;
            self.memory_bytes -= task.spec.requests.memory_bytes;
            for port in task.spec.host_ports() {
                self.ports.remove(&port);
            }
        }
    }
}

/// See [`State::check`].
pub(super) fn check(state: &State) -> Result<(), String> {
    let mut counted: HashMap<NodeId, Usage> = HashMap::new();
    for (sequence, task) in &state.tasks {
        if *sequence != task.sequence || state.sequence_of.get(&task.id) != Some(sequence) {
            return Err(format!(
                "task {}: index by id or sequence is wrong",
                task.id
            ));
        }
        if state.pending.contains(sequence) != (task.status == Status::Pending) {
            return Err(format!("task {}: index of pending tasks is wrong", task.id));
        }
        if task.status.is_active() && task.node.is_none() {
            return Err(format!(
                "task {}: {} without a node",
                task.id,
                task.status.as_str()
            ));
        }
        if let Some(node) = &task.node {
            let usage = counted.entry(node.clone()).or_default();
            for port in task.spec.host_ports().filter(|_| task.status.is_active()) {
                if usage.ports.iter().any(|taken| taken.clashes_with(&port)) {
                    return Err(format!("node {node}: host port {port} is taken twice"));
                }
            }
            usage.add(task);
        }
    }
    if state.sequence_of.len() != state.tasks.len() {
        return Err("index by id holds tasks that are gone".into());
    }
    let mut waiting = Waiting::default();
    let pending = state.tasks.values();
    for task in pending.filter(|task| task.status == Status::Pending) {
        waiting.insert(task);
    }
    if waiting != state.waiting {
        return Err("index of pending tasks by what they ask is wrong".into());
    }
    let ended = state
        .tasks
        .values()
        .filter(|task| task.status.is_ended())
        .count();
    if ended != state.ended.len() {
        return Err(format!(
            "{} of {ended} ended tasks are indexed",
            state.ended.len()
        ));
    }
    for node in state.nodes.values() {
        counted.entry(node.id.clone()).or_default();
    }
    check_indexes(state)?;
    for (node, usage) in &state.usage {
        let mut recounted = counted.remove(node).unwrap_or_default();
        recounted.last_placement = usage.last_placement;
        if recounted != *usage {
            return Err(format!(
                "node {node}: kept {usage:?}, counted {recounted:?}"
            ));
        }
        if let Some(node) = state.nodes.get(node)
            && !node.capacity.holds(usage)
        {
            return Err(format!(
                "node {}: {usage:?} is more than {:?}",
                node.id, node.capacity
            ));
        }
    }
    if let Some(node) = counted.keys().next() {
        return Err(format!("node {node}: usage is not kept"));
    }
    if state.counted_order() != state.ready {
        return Err("the order of the ready nodes is wrong".into());
    }
    Ok(())
}

fn check_indexes(state: &State) -> Result<(), String> {
    for (key, sequence) in &state.task_of_key {
        let task = state.tasks.get(sequence);
        let made_by = task.and_then(|task| task.idempotency.as_ref());
        if made_by.is_none_or(|idempotency| idempotency.key != *key) {
            return Err(format!("idempotency key {key}: leads to the wrong task"));
        }
    }
    let mut indexed = 0;
    for ((hostname, port), ids) in &state.nodes_at {
        let here = |id| {
            let node = state.nodes.get(id);
            node.is_some_and(|node| node.hostname == *hostname && node.port == *port)
        };
        if !ids.iter().all(here) {
            return Err(format!("{hostname}:{port}: leads to the wrong node"));
        }
        indexed += ids.len();
    }
    if indexed != state.nodes.len() {
        return Err("a node is not found by its address".into());
    }
    if let Some(id) = state
        .clearing
        .keys()
        .find(|id| !state.nodes.contains_key(*id))
    {
        return Err(format!("node {id}: gone, but what it clears is kept"));
    }
    state.check_members()
}
