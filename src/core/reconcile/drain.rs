//! Drains whose deadline has passed: what still runs is moved.

use crate::core::draft::Draft;
use crate::core::{Availability, transition};

/// Moves everything off nodes that should be empty by now.
pub fn overdue(draft: &mut Draft<'_>) {
    let (state, now) = (draft.state(), draft.now());
    for node in state.watched() {
        if node.availability == Availability::Online && state.is_drain_due(node, now) {
            transition::move_all_off(draft, &node.id);
        }
    }
}
