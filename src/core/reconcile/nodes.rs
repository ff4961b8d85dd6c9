//! Looks after nodes: offline, unreachable and reachable again, the brake, overdue drains.

use super::liveness::{self, Link};
use super::{brake, drain};
use crate::core::draft::Draft;
use crate::core::{Change, Kind, Node, Now, State};

/// One look at all nodes.
pub fn nodes(state: &State, now: Now) -> Vec<Change> {
    let mut draft = Draft::new(state, now);
    let links: Vec<_> = liveness::online(state)
        .map(|(node, contact)| (node, liveness::link(node, contact, state.policy(), now)))
        .collect();
    let any_silent = links.iter().any(|(_, link)| *link == Link::Silent);
    let held = brake::tend(&mut draft, state, now, any_silent);
    for (node, link) in links {
        match link {
            Link::Fine => note(&mut draft, node, None),
            Link::OneWay(why) => note(&mut draft, node, Some(why)),
            Link::Silent if held => {
                let why = "silent, as most nodes are: the brake keeps its tasks where they are";
                note(&mut draft, node, Some(why.into()));
            }
            Link::Silent => liveness::lose_silent(&mut draft, node),
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
