//! Whether a node is alive, as seen from both sides: its worker reaches the master (heartbeats,
//! reports), and the master reaches its worker (probes, dispatches). Only the monotonic clock
//! counts.

use std::collections::BTreeSet;
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
///
/// One try in vain is no sign: `unreachable` begins when a later one failed too, and ends when none
/// has failed for a whole node timeout. A link that comes and goes would else make a node that
/// comes and goes.
pub fn link(node: &Node, contact: Contact, policy: &Policy, now: Now) -> Link {
    let unheard_ms = now.mono.since_ms(contact.heard_at);
    let two_beats_ms = node.heartbeat_interval_ms.saturating_mul(2);
    let longest_beat_ms = policy.node_timeout_ms.max(two_beats_ms);
    if silence_ms(contact, now) >= policy.node_timeout_ms {
        Link::Silent
    } else if failing_ms(contact) >= policy.node_timeout_ms / 3 {
        Link::OneWay(format!(
            "the master can't reach its worker at {}:{}",
            node.hostname, node.port
        ))
    } else if unheard_ms >= longest_beat_ms {
        Link::OneWay("its worker answers, but its heartbeats do not arrive".into())
    } else {
        match &node.unreachable {
            Some(why) if !is_proven(contact, policy, now) => Link::OneWay(why.clone()),
            Some(_) | None => Link::Fine,
        }
    }
}

/// From the first try in vain to the last one; 0 when the last was answered, or was the first.
fn failing_ms(contact: Contact) -> u64 {
    let tries = contact.failing_since.zip(contact.failed_at);
    tries.map_or(0, |(first, last)| last.since_ms(first))
}

/// Whether a node that was unreachable is not so any more.
fn is_proven(contact: Contact, policy: &Policy, now: Now) -> bool {
    let long_ago = |failed_at| now.mono.since_ms(failed_at) >= policy.node_timeout_ms;
    contact.is_mutual() && contact.failed_at.is_none_or(long_ago)
}

/// The online nodes that are silent or about to be: longer without contact than one that is well
/// ever is. Also those that the brake holds and nobody was in touch with since the master started.
pub fn suspects(state: &State, now: Now) -> Vec<&Arc<Node>> {
    let policy = state.policy();
    let silent_ms = policy.longest_gap_ms().min(policy.node_timeout_ms);
    let held = |node: &Node| {
        let brake = state.brake();
        brake.is_some_and(|brake| brake.nodes.contains(&node.id))
    };
    online(state)
        .filter(|(node, contact)| {
            silence_ms(*contact, now) >= silent_ms || (contact.is_presumed() && held(node))
        })
        .map(|(node, _)| node)
        .collect()
}

/// The online nodes somebody was in touch with. (One that registers this very moment has no
/// contact yet, and is not judged.)
pub fn online(state: &State) -> impl Iterator<Item = (&Arc<Node>, Contact)> {
    in_touch(state, state.nodes())
}

fn in_touch<'a>(
    state: &'a State,
    nodes: impl Iterator<Item = &'a Arc<Node>>,
) -> impl Iterator<Item = (&'a Arc<Node>, Contact)> {
    nodes
        .filter(|node| node.availability == Availability::Online)
        .filter_map(|node| Some((node, state.last_contact(&node.id)?)))
}

/// The online nodes of which there may be something to say, by id: not heard for a while, not reached, or
/// with a record that says so. Of all others, which are nearly all, [`link`] says that they are fine and no
/// probe is due; so a look at thousands of nodes that are well is one at their contacts only.
///
/// Not while the brake is engaged: it holds some that are well.
pub fn doubtful(state: &State, now: Now) -> Vec<(&Arc<Node>, Contact)> {
    let policy = state.policy();
    let fresh_ms = policy.probe_after_ms.min(policy.node_timeout_ms);
    let speaks_against = |contact: &Contact| {
        contact.failing_since.is_some() || now.mono.since_ms(contact.heard_at) >= fresh_ms
    };
    let contacts = state.contacts();
    let by_contact = contacts.filter(|(_, contact)| speaks_against(contact));
    let by_record = state.watched().map(|node| &node.id);
    let ids: BTreeSet<_> = by_contact.map(|(id, _)| id).chain(by_record).collect();
    let nodes = ids.into_iter().filter_map(|id| state.node(id));
    in_touch(state, nodes).collect()
}

/// For how long there was no contact in either direction.
pub fn silence_ms(contact: Contact, now: Now) -> u64 {
    now.mono.since_ms(contact.last())
}

/// A node is lost.
pub fn lose_silent(draft: &mut Draft<'_>, node: &Node) {
    let seconds = draft.state().policy().node_timeout_ms.div_ceil(1_000);
    let why = format!("neither heard nor answering for {seconds} s");
    transition::lose(draft, node, &why, &format!("node {} lost", node.id));
}
