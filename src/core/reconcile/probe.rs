//! Which nodes the master should ask whether they are there.

use super::liveness;
use crate::core::{Contact, Node, NodeId, Now, Policy, State};

/// Online nodes to be probed now, the one that was tried longest ago first: those not heard for
/// `probe_after_ms`, those that did not answer last time, and those that are unreachable, because
/// an answer is what ends that. None is tried more often than every `probe_after_ms`. Offline nodes
/// are not asked; they come back by themselves.
pub fn to_probe(state: &State, now: Now) -> Vec<NodeId> {
    let mut due = liveness::doubtful(state, now);
    due.retain(|(node, contact)| is_due(node, contact, state.policy(), now));
    due.sort_by_key(|(_, contact)| contact.probed_at);
    due.into_iter().map(|(node, _)| node.id.clone()).collect()
}

pub(super) fn is_due(node: &Node, contact: &Contact, policy: &Policy, now: Now) -> bool {
    let after_ms = policy.probe_after_ms;
    let unheard = now.mono.since_ms(contact.heard_at) >= after_ms;
    let tried = now.mono.since_ms(contact.probed_at) < after_ms;
    let unproven = contact.failing_since.is_some() || node.unreachable.is_some();
    !tried && (unheard || unproven)
}
