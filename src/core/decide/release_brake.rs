//! An operator knows better than the brake: the silent nodes really are gone.

use crate::core::draft::Draft;
use crate::core::reconcile::liveness;
use crate::core::{Change, Now, State};

/// Releases the brake and takes the silent nodes offline in one decision: the next look at them
/// would only engage it again.
pub fn release_brake(state: &State, now: Now) -> Vec<Change> {
    let mut draft = Draft::new(state, now);
    if state.brake().is_some() {
        draft.set_brake(None, "released by an operator");
        for node in liveness::suspects(state, now) {
            liveness::lose_silent(&mut draft, node);
        }
    }
    draft.finish()
}
