//! Which of the nodes that can take a task is best.
//!
//! The score is about the node as it is, not as it would be with the task on it: so the state can
//! keep the nodes in this order (`state/ready.rs`) and a placement looks at the first few, not at
//! all. What a task asks would change the order only between nodes of different sizes, and there by
//! no more than the one task: the next one sees the difference. `docs/decisions/0014` has the figures.

use crate::core::{Capacity, Node, NodeId, Strategy, Usage};

/// The least score wins. The order of the fields is the policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score {
    /// How full the node is, in millionths, by the dimension that is fullest: the scarcest one
    /// decides how useful the rest still is. Spreading wants it low; bin-packing wants it high, but
    /// a node of which all of something is taken last: nearly nothing fits there.
    load: u32,
    /// How many tasks it has: all there is to go by where capacities are not known.
    tasks: u32,
    /// Among equals the one whose last placement is longest ago: strict alternation, also across
    /// decisions.
    last_placement: u64,
    /// Makes the choice deterministic.
    node: NodeId,
}

/// What the score depends on, apart from what the node has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    pub slots: u32,
    pub cpu_millicores: u64,
    pub memory_bytes: u64,
    pub last_placement: u64,
}

const FULL: u32 = 1_000_000;

impl Score {
    /// The node's score, with so much of it taken.
    pub fn of(node: &Node, taken: &Taken, strategy: Strategy) -> Self {
        let load = load(&node.capacity, taken);
        let (load, tasks) = match strategy {
            Strategy::Spread => (load, taken.slots),
            Strategy::BinPack if load >= FULL => (FULL + 1, u32::MAX - taken.slots),
            Strategy::BinPack => (FULL - load, u32::MAX - taken.slots),
        };
        Self {
            load,
            tasks,
            last_placement: taken.last_placement,
            node: node.id.clone(),
        }
    }
}

impl From<&Usage> for Taken {
    fn from(usage: &Usage) -> Self {
        Self {
            slots: usage.slots,
            cpu_millicores: usage.cpu_millicores,
            memory_bytes: usage.memory_bytes,
            last_placement: usage.last_placement,
        }
    }
}

/// The largest share of a known capacity that is taken; 0 when none is known.
fn load(capacity: &Capacity, taken: &Taken) -> u32 {
    let share_of = |taken: u64, capacity: Option<u64>| capacity.map_or(0, |all| share(taken, all));
    let slots = share_of(u64::from(taken.slots), capacity.slots.map(u64::from));
    let cpu = share_of(taken.cpu_millicores, capacity.cpu_millicores);
    let memory = share_of(taken.memory_bytes, capacity.memory_bytes);
    slots.max(cpu).max(memory)
}

/// Of nothing, all is taken.
fn share(taken: u64, capacity: u64) -> u32 {
    let millionths = u128::from(taken) * u128::from(FULL);
    let share = millionths.checked_div(u128::from(capacity));
    let share = share.and_then(|share| u32::try_from(share).ok());
    share.unwrap_or(FULL).min(FULL)
}
