//! A worker signs off. That ends a drain too: a worker that shuts down asks for one itself, and
//! when it comes back it takes tasks again.

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
            drain: None,
            ..node.as_ref().clone()
        };
        let for_its_tasks = format!("node {} signed off", node.id);
        transition::lose(&mut draft, &node, "signed off", &for_its_tasks);
    }
    Ok(draft.finish())
}
