//! The settings the rules of the cluster depend on.

/// How tasks are spread over nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// The least loaded node first.
    #[default]
    Spread,
    /// The most loaded node that still has room first: keeps nodes free for large tasks.
    BinPack,
}

/// The settings the rules of the cluster depend on. All durations in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How tasks are spread.
    pub strategy: Strategy,
    /// A node neither heard nor answering for so long is offline.
    pub node_timeout_ms: u64,
    /// A node silent for so long is probed.
    pub probe_after_ms: u64,
    /// An ended task is forgotten after so long; none: never.
    pub ended_task_ttl_ms: Option<u64>,
    /// How many events the cluster's stream keeps.
    pub event_ring: usize,
}

/// How often the nodes are looked at: once a second.
const LOOK_MS: u64 = 1_000;

impl Policy {
    /// A node that is well is never without contact for so long: one that is not heard is asked
    /// after `probe_after_ms`, and its answer is there when the nodes are looked at next. Nor is
    /// one that can't be asked: its worker speaks up (after two fifths of the node timeout).
    pub fn longest_gap_ms(&self) -> u64 {
        let probed_ms = self.probe_after_ms.saturating_add(LOOK_MS);
        probed_ms.max(self.node_timeout_ms / 2)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            strategy: Strategy::Spread,
            node_timeout_ms: 15_000,
            probe_after_ms: 5_000,
            ended_task_ttl_ms: Some(24 * 60 * 60 * 1000),
            event_ring: 10_000,
        }
    }
}
