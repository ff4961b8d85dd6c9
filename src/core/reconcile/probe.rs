//! Which nodes the master should ask whether they are there.

use super::liveness;
use crate::core::{Contact, Node, NodeId, Now, State};

/// Online nodes to be probed now, the one that was tried longest ago first: those not heard for
/// `probe_after_ms`, those that did not answer last time, and those that are unreachable, because
/// an answer is what ends that. None is tried more often than every `probe_after_ms`. Offline nodes
/// are not asked; they come back by themselves.
pub fn to_probe(state: &State, now: Now) -> Vec<NodeId> {
    let after_ms = state.policy().probe_after_ms;
    let is_due = |node: &Node, contact: &Contact| {
        let unheard = now.mono.since_ms(contact.heard_at) >= after_ms;
        let tried = now.mono.since_ms(contact.probed_at) < after_ms;
        let unproven = contact.failing_since.is_some() || node.unreachable.is_some();
        !tried && (unheard || unproven)
    };
    let mut due: Vec<_> = liveness::online(state)
        .filter(|(node, contact)| is_due(node, contact))
        .collect();
    due.sort_by_key(|(_, contact)| contact.probed_at);
    due.into_iter().map(|(node, _)| node.id.clone()).collect()
}
