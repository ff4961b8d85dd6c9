//! A node goes offline, is emptied, or has less room than before.

use super::{evict, stop};
use crate::core::draft::Draft;
use crate::core::{Availability, Capacity, Desired, Kind, Node, NodeId, Task, Usage};

/// Seconds between SIGTERM and SIGKILL for what a drain moves: Docker's own default.
const MOVE_GRACE_SECONDS: u32 = 10;

/// A node goes offline; its tasks go elsewhere or end. `why` is about the node (`signed off`).
pub fn lose(draft: &mut Draft<'_>, node: &Node, why: &str, for_its_tasks: &str) {
    let contact = draft.state().contact(&node.id);
    let offline = Node {
        availability: Availability::Offline,
        offline_reason: why.to_owned(),
        unreachable: None,
        heard_at: contact.heard_wall().unwrap_or(node.heard_at),
        ..node.clone()
    };
    draft.put_node(offline, Kind::NodeOffline, why);
    for task in draft.active_on(&node.id) {
        evict(draft, &task, for_its_tasks);
    }
}

/// Everything that would run on is to end there and go on elsewhere.
pub fn move_all_off(draft: &mut Draft<'_>, node: &NodeId) {
    let why = format!("node {node} is being drained");
    for task in draft.active_on(node) {
        if task.desired == Desired::Run {
            let desired = Desired::Move {
                grace_seconds: MOVE_GRACE_SECONDS,
                reason: why.as_str().into(),
            };
            stop(draft, &task, desired, why.as_str());
        }
    }
}

/// Invariant 2 also holds when a node comes back smaller than it was: what was placed last goes
/// back to pending until the rest fits. Its worker is told to stop it by `reconcile::differences`.
pub fn shed(draft: &mut Draft<'_>, node: &NodeId, capacity: &Capacity) {
    if draft
        .state()
        .usage(node)
        .is_none_or(|usage| capacity.holds(usage))
    {
        return;
    }
    let mut active = draft.active_on(node);
    active.sort_by_key(|task| task.placement);
    let mut kept = Usage::default();
    for task in active {
        let with = plus(&kept, &task);
        if capacity.holds(&with) {
            kept = with;
        } else {
            evict(
                draft,
                &task,
                &format!("node {node} has less room than before"),
            );
        }
    }
}

fn plus(usage: &Usage, task: &Task) -> Usage {
    let mut usage = usage.clone();
    usage.slots += 1;
    usage.cpu_millicores += task.spec.requests.cpu_millicores;
    usage.memory_bytes += task.spec.requests.memory_bytes;
    usage
}
