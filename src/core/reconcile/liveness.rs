//! Whether a node is alive, as seen from both sides: its worker reaches the master (heartbeats,
//! reports), and the master reaches its worker (probes, dispatches). Only the monotonic clock
//! counts.

use std::sync::Arc;

use crate::core::draft::Draft;
use crate::core::{Availability, Contact, Node, Now, Policy, State, transition};

/// What the contacts with a node say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Both directions work, or nothing says otherwise.
    Fine,
    /// One direction works; which does not.
    OneWay(String),
    /// Neither heard nor answering for the node timeout.
    Silent,
}

/// Judges a node by its last contacts.
pub fn link(node: &Node, contact: Contact, policy: &Policy, now: Now) -> Link {
    let unheard_ms = now.mono.since_ms(contact.heard_at);
    let unanswered_ms = now.mono.since_ms(contact.answered_at);
    let failing_ms = contact.failing_since.map(|since| now.mono.since_ms(since));
    let longest_beat_ms = policy.node_timeout_ms.max(2 * node.heartbeat_interval_ms);
    if unheard_ms.min(unanswered_ms) >= policy.node_timeout_ms {
        Link::Silent
    } else if failing_ms.is_some_and(|ms| ms >= policy.node_timeout_ms / 3) {
        let address = (&node.hostname, node.port);
        Link::OneWay(format!(
            "the master can't reach its worker at {}:{}",
            address.0, address.1
        ))
    } else if unheard_ms >= longest_beat_ms {
        Link::OneWay("its worker answers, but its heartbeats do not arrive".into())
    } else {
        Link::Fine
    }
}

/// The online nodes that are silent, or so close to it that whatever silences them began with the
/// same blow: contacts of healthy nodes are never further apart than the time between two probes.
pub fn suspects(state: &State, now: Now) -> Vec<&Arc<Node>> {
    let policy = state.policy();
    let nearly_ms = policy
        .node_timeout_ms
        .saturating_sub(policy.probe_after_ms)
        .max(policy.node_timeout_ms / 2);
    online(state)
        .filter(|(_, contact)| silence_ms(*contact, now) >= nearly_ms)
        .map(|(node, _)| node)
        .collect()
}

/// The online nodes somebody was in touch with. (One that registers this very moment has no
/// contact yet, and is not judged.)
pub fn online(state: &State) -> impl Iterator<Item = (&Arc<Node>, Contact)> {
    state
        .nodes()
        .filter(|node| node.availability == Availability::Online)
        .filter_map(|node| Some((node, state.last_contact(&node.id)?)))
}

/// For how long there was no contact in either direction.
pub fn silence_ms(contact: Contact, now: Now) -> u64 {
    now.mono.since_ms(contact.heard_at.max(contact.answered_at))
}

/// A node is lost.
pub fn lose_silent(draft: &mut Draft<'_>, node: &Node) {
    let seconds = draft.state().policy().node_timeout_ms.div_ceil(1_000);
    let why = format!("neither heard nor answering for {seconds} s");
    transition::lose(draft, node, &why, &format!("node {} lost", node.id));
}
