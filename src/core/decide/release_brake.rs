//! An operator knows better than the brake: the silent nodes really are gone.

use crate::core::draft::Draft;
use crate::core::reconcile::liveness;
use crate::core::{Change, Now, State};

/// Takes the silent nodes offline and releases the brake in one decision: the next look at them
/// would only engage it again. In this order, because who is lost by the time it is released is no
/// longer counted.
pub fn release_brake(state: &State, now: Now) -> Vec<Change> {
    let mut draft = Draft::new(state, now);
    if let Some(brake) = state.brake() {
        let suspects = liveness::suspects(state, now);
        let timeout_ms = state.policy().node_timeout_ms;
        // One that only just fell silent, after it was engaged, may still be heard.
        let gone = suspects.into_iter().filter(|node| {
            let silent_ms = liveness::silence_ms(state.contact(&node.id), now);
            brake.nodes.contains(&node.id) || silent_ms >= timeout_ms
        });
        for node in gone {
            liveness::lose_silent(&mut draft, node);
        }
        draft.set_brake(None, "released by an operator");
    }
    draft.finish()
}
