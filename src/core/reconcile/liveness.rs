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
    state
        .nodes()
        .filter(|node| node.availability == Availability::Online)
        .filter_map(|node| Some((node, state.last_contact(&node.id)?)))
}

/// The online nodes of which there may be something to say, by id: not heard for so long that a probe is due, not
/// reached, or with a record that has to be watched. Of all others [`link`] says that they are fine, and of their
/// records nothing is fetched: of thousands that beat often those are nearly all. While the brake is engaged it is
/// not enough: it holds some that are well.
pub fn doubtful(state: &State, now: Now) -> Vec<(&Arc<Node>, Contact)> {
    let policy = state.policy();
    let fresh_ms = policy.probe_after_ms.min(policy.node_timeout_ms);
    let speaks_against = |contact: &Contact| {
        contact.failing_since.is_some() || now.mono.since_ms(contact.heard_at) >= fresh_ms
    };
    let mut doubtful: Vec<_> = state
        .members()
        .filter_map(|member| Some((member, member.contact?)))
        .filter(|(member, contact)| member.watched || speaks_against(contact))
        .map(|(member, contact)| (&member.node, contact))
        .filter(|(node, _)| node.availability == Availability::Online)
        .collect();
    doubtful.sort_unstable_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    doubtful
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
