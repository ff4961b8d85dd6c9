//! An offline node is forgotten. Ended tasks keep its name.

use crate::core::draft::Draft;
use crate::core::{Availability, Change, NodeId, Now, Rejection, State};

/// Forgets an offline node.
pub fn forget(state: &State, id: &NodeId, now: Now) -> Result<Vec<Change>, Rejection> {
    let Some(node) = state.node(id) else {
        return Err(Rejection::UnknownNode(id.clone()));
    };
    if node.availability == Availability::Online {
        return Err(Rejection::NodeOnline(id.clone()));
    }
    let mut draft = Draft::new(state, now);
    draft.remove_node(id, "forgotten by a user");
    Ok(draft.finish())
}
