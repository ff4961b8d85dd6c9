//! Which of the nodes that can take a task is best.

use super::Asks;
use super::room::Candidate;
use crate::core::{NodeId, Strategy};

/// The least score wins. The order of the fields is the policy.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score<'a> {
    /// How full the node would be, in millionths, by the dimension that would be fullest: the
    /// scarcest one decides how useful the rest still is. Spreading wants it low, bin-packing
    /// high.
    load: u64,
    /// How many tasks it has: all there is to go by where capacities are not known.
    tasks: u64,
    /// Among equals the one whose last placement is longest ago: strict alternation, also across
    /// decisions.
    last_placement: u64,
    /// Makes the choice deterministic.
    node: &'a NodeId,
}

const FULL: u64 = 1_000_000;

impl<'a> Score<'a> {
    /// The node's score, were the task placed on it.
    pub fn of(candidate: &Candidate<'a>, asks: &Asks, strategy: Strategy) -> Self {
        let load = load(candidate, asks);
        let tasks = u64::from(candidate.slots);
        let (load, tasks) = match strategy {
            Strategy::Spread => (load, tasks),
            Strategy::BinPack => (FULL - load, u64::MAX - tasks),
        };
        Self {
            load,
            tasks,
            last_placement: candidate.last_placement,
            node: &candidate.node.id,
        }
    }
}

/// The largest share of a known capacity that would be taken; 0 when none is known.
fn load(candidate: &Candidate<'_>, asks: &Asks) -> u64 {
    let capacity = &candidate.node.capacity;
    let slots = capacity
        .slots
        .map(|slots| share(u64::from(candidate.slots) + 1, u64::from(slots)));
    let cpu = capacity
        .cpu_millicores
        .map(|cpu| share(candidate.cpu_millicores + asks.requests.cpu_millicores, cpu));
    let memory = capacity
        .memory_bytes
        .map(|memory| share(candidate.memory_bytes + asks.requests.memory_bytes, memory));
    [slots, cpu, memory]
        .into_iter()
        .flatten()
        .max()
        .unwrap_or(0)
}

fn share(taken: u64, capacity: u64) -> u64 {
    let millionths = u128::from(taken) * u128::from(FULL);
    let share = millionths.checked_div(u128::from(capacity)).unwrap_or(0);
    u64::try_from(share).unwrap_or(FULL).min(FULL)
}
