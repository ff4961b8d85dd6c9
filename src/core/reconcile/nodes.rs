//! Looks after nodes: offline, unreachable and reachable again, the brake, overdue drains.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::brake::{self, Verdict};
use super::drain;
use super::liveness::{self, Link};
use crate::core::draft::Draft;
use crate::core::{Change, Contact, Kind, Node, NodeId, Now, State};

const HELD: &str = "silent, as most nodes are: the brake keeps its tasks where they are";

/// One look at all nodes: at those that are well only so far as to see that they are.
pub fn nodes(state: &State, now: Now) -> Vec<Change> {
    let nodes = match state.brake() {
        Some(_) => liveness::online(state).collect(),
        None => liveness::doubtful(state, now),
    };
    look(state, now, nodes)
}

/// A look at these.
pub(super) fn look(state: &State, now: Now, nodes: Vec<(&Arc<Node>, Contact)>) -> Vec<Change> {
    let mut draft = Draft::new(state, now);
    let links: Vec<_> = nodes
        .into_iter()
        .map(|(node, contact)| (node, liveness::link(node, contact, state.policy(), now)))
        .collect();
    let any_silent = links.iter().any(|(_, link)| *link == Link::Silent);
    let verdict = brake::tend(&mut draft, state, now, any_silent);
    let suspects: BTreeSet<&NodeId> = match verdict {
        Verdict::Held => {
            let suspects = liveness::suspects(state, now).into_iter();
            suspects.map(|node| &node.id).collect()
        }
        Verdict::Lost | Verdict::Unclear => BTreeSet::new(),
    };
    for (node, link) in links {
        match (link, verdict) {
            (_, Verdict::Held) if suspects.contains(&node.id) => {
                note(&mut draft, node, Some(HELD.into()));
            }
            (Link::Fine, _) => note(&mut draft, node, None),
            (Link::OneWay(why), _) => note(&mut draft, node, Some(why)),
            (Link::Silent, Verdict::Lost) => liveness::lose_silent(&mut draft, node),
            (Link::Silent, Verdict::Held | Verdict::Unclear) => {}
        }
    }
    drain::overdue(&mut draft);
    draft.finish()
}

fn note(draft: &mut Draft<'_>, node: &Node, unreachable: Option<String>) {
    if node.unreachable == unreachable {
        return;
    }
    let (kind, message) = match &unreachable {
        Some(why) => (Kind::NodeUnreachable, why.clone()),
        None => (Kind::NodeReachable, "both directions work again".into()),
    };
    let node = Node {
        unreachable,
        ..node.clone()
    };
    draft.put_node(node, kind, message);
}
