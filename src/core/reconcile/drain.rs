//! Drains whose deadline has passed: what still runs is moved.

use crate::core::draft::Draft;
use crate::core::{Availability, transition};

/// Moves everything off nodes that should be empty by now.
pub fn overdue(draft: &mut Draft<'_>) {
    for node in draft.state().nodes() {
        let due = node
            .drain
            .is_some_and(|drain| drain.deadline <= draft.wall());
        if due && node.availability == Availability::Online {
            transition::move_all_off(draft, &node.id);
        }
    }
}
