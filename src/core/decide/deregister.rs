//! A worker signs off. That ends the drain it asked for when it began to shut down; an operator's
//! goes on until the node is uncordoned.

use crate::core::draft::Draft;
use crate::core::{Availability, Change, Deregister, Node, Now, Rejection, State, transition};

/// Takes the node offline at once; what still was on it goes elsewhere.
pub fn deregister(state: &State, command: &Deregister, now: Now) -> Result<Vec<Change>, Rejection> {
    let Some(node) = state.node(&command.node) else {
        return Err(Rejection::UnknownNode(command.node.clone()));
    };
    let mut draft = Draft::new(state, now);
    if node.availability == Availability::Online {
        let node = Node {
            drain: node.drain.filter(|drain| !drain.by_worker),
            ..node.as_ref().clone()
        };
        let for_its_tasks = format!("node {} signed off", node.id);
        transition::lose(&mut draft, &node, Node::SIGNED_OFF, &for_its_tasks);
    }
    Ok(draft.finish())
}
