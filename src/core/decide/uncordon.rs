//! A node takes tasks again. What a drain has already told to move still moves.

use crate::core::draft::Draft;
use crate::core::{Change, Kind, Node, NodeId, Now, Rejection, State};

/// Ends a drain.
pub fn uncordon(state: &State, id: &NodeId, now: Now) -> Result<Vec<Change>, Rejection> {
    let Some(node) = state.node(id) else {
        return Err(Rejection::UnknownNode(id.clone()));
    };
    let mut draft = Draft::new(state, now);
    if node.drain.is_some() {
        let node = Node {
            drain: None,
            ..node.as_ref().clone()
        };
        draft.put_node(node, Kind::NodeUncordoned, "takes tasks again");
    }
    Ok(draft.finish())
}
