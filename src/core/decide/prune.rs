//! All ended tasks and all offline nodes are forgotten.

use crate::core::draft::Draft;
use crate::core::{Availability, Change, Now, State, transition};

/// One decision removes at most so many: all of them at once would hold everybody up.
pub const PRUNE_LIMIT: usize = 1_000;

/// Forgets whatever is over, at most [`PRUNE_LIMIT`] of it: fewer removals mean that nothing is
/// left.
pub fn prune(state: &State, now: Now) -> Vec<Change> {
    let mut draft = Draft::new(state, now);
    for task in state.ended().take(PRUNE_LIMIT) {
        transition::remove(&mut draft, task, "pruned");
    }
    let offline = state
        .nodes()
        .filter(|node| node.availability == Availability::Offline);
    for node in offline.take(PRUNE_LIMIT - draft.len()) {
        draft.remove_node(&node.id, "pruned");
    }
    draft.finish()
}
