//! All ended tasks and all offline nodes are forgotten.

use crate::core::draft::Draft;
use crate::core::{Availability, Change, Now, State, transition};

/// Forgets whatever is over.
pub fn prune(state: &State, now: Now) -> Vec<Change> {
    let mut draft = Draft::new(state, now);
    for task in state.ended() {
        transition::remove(&mut draft, task, "pruned");
    }
    for node in state.nodes() {
        if node.availability == Availability::Offline {
            draft.remove_node(&node.id, "pruned");
        }
    }
    draft.finish()
}
