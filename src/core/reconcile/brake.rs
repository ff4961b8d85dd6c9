//! The mass-failure brake: when most nodes fall silent, the fault is most likely the master's own
//! network, and moving everybody's tasks would make it worse.
//!
//! ```text
//!   nobody silent ──► one is ──► most are, or were lost just before ──► held
//!        ▲             │ else: it is lost                                │
//!        └─────────────┴─────────────────────────────────────────────────┘
//!              nobody is silent, or most are in steady contact again, or an operator decides
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use super::liveness;
use crate::core::draft::Draft;
use crate::core::{Availability, Brake, Contact, Node, NodeId, Now, State};
use crate::mutant::{self, Mutant};

/// Among fewer nodes, "most of them" says nothing.
const LEAST_NODES: usize = 3;

/// What is to become of silent nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are lost.
    Lost,
    /// The brake holds them.
    Held,
    /// Too early to say: others may have fallen silent with the same blow.
    Unclear,
}

/// Engages or releases the brake, and says what is to become of silent nodes. `any_silent`: one
/// has been so for the node timeout.
pub fn tend(draft: &mut Draft<'_>, state: &State, now: Now, any_silent: bool) -> Verdict {
    // By far the most looks: nobody has to be counted.
    if state.brake().is_none() && !any_silent {
        return Verdict::Lost;
    }
    let suspects = liveness::suspects(state, now);
    let online = liveness::online(state).count();
    let lost = lost_with_them(state, online, now);
    let (silent, all) = (suspects.len() + lost.len(), online + lost.len());
    match state.brake() {
        None if mutant::is(Mutant::NoBrake) => Verdict::Lost,
        None if is_most(silent, all) => {
            let nodes = suspects.iter().chain(&lost);
            let brake = Brake {
                engaged_at: draft.wall(),
                nodes: nodes.map(|node| node.id.clone()).collect(),
            };
            let message = format!(
                "{silent} of {all} nodes fell silent at about the same time: most likely the \
                 master's own network fails, so no task is moved until most are heard again"
            );
            draft.set_brake(Some(brake), message);
            Verdict::Held
        }
        None if may_become_most(state, lost.len(), all, now) => Verdict::Unclear,
        None => Verdict::Lost,
        Some(_) if suspects.is_empty() || 2 * steady(state, &suspects, now) > all => {
            let message = format!("{} of {all} nodes are heard again", all - silent);
            draft.set_brake(None, message);
            Verdict::Lost
        }
        Some(_) => Verdict::Held,
    }
}

fn is_most(silent: usize, all: usize) -> bool {
    all >= LEAST_NODES && 2 * silent > all
}

/// Nodes that were lost by the same failure: when the brake was engaged, or so shortly before now
/// that it would be. Nodes that fall silent one after another, each a look or a probe later than
/// the one before, still are one failure.
fn lost_with_them(state: &State, online: usize, now: Now) -> Vec<&Arc<Node>> {
    let policy = state.policy();
    let apart_ms = policy.longest_gap_ms().saturating_mul(online as u64);
    let lately_ms = policy.node_timeout_ms.saturating_add(apart_ms);
    let counts = |node: &Node| match state.brake() {
        Some(brake) => brake.nodes.contains(&node.id),
        None => {
            let contact = state.last_contact(&node.id);
            contact.is_some_and(|contact| liveness::silence_ms(contact, now) <= lately_ms)
        }
    };
    let offline = state
        .nodes()
        .filter(|node| node.availability == Availability::Offline);
    offline.filter(|node| counts(node)).collect()
}

/// Whether so many nodes may have fallen silent with the first one that it would be most. Their
/// last contacts are up to one gap apart, so one gap after the last of them it is clear; that is
/// less than the node timeout, unless that is set very short.
fn may_become_most(state: &State, lost: usize, all: usize, now: Now) -> bool {
    let policy = state.policy();
    let gap_ms = policy.longest_gap_ms();
    let silences = liveness::online(state).map(|(_, contact)| liveness::silence_ms(contact, now));
    let silences: Vec<u64> = silences.collect();
    let longest_ms = silences.iter().copied().max().unwrap_or_default();
    let with_it = silences.iter().filter(|ms| **ms + gap_ms >= longest_ms);
    let patience_ms = (2 * gap_ms).min(policy.node_timeout_ms + policy.node_timeout_ms / 2);
    longest_ms < patience_ms && is_most(lost + with_it.count(), all)
}

/// How many have been in touch for a node timeout without a gap. While one after another comes
/// back, those that did not yet are given time.
fn steady(state: &State, suspects: &[&Arc<Node>], now: Now) -> usize {
    let for_ms = state.policy().node_timeout_ms;
    let suspects: BTreeSet<&NodeId> = suspects.iter().map(|node| &node.id).collect();
    let is_steady = |(node, contact): &(&Arc<Node>, Contact)| {
        now.mono.since_ms(contact.steady_since) >= for_ms && !suspects.contains(&node.id)
    };
    liveness::online(state).filter(is_steady).count()
}
