//! Drains whose deadline has passed: what still runs is moved.

use crate::core::draft::Draft;
use crate::core::{Availability, transition};

/// Moves everything off nodes that should be empty by now.
pub fn overdue(draft: &mut Draft<'_>) {
    let (state, now) = (draft.state(), draft.now());
    let watched = state.members().filter(|member| member.watched);
    let mut due: Vec<_> = watched
        .map(|member| &member.node)
        .filter(|node| node.availability == Availability::Online && state.is_drain_due(node, now))
        .collect();
    due.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    for node in due {
        transition::move_all_off(draft, &node.id);
    }
}
