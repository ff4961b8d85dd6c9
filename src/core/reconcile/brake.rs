//! The mass-failure brake: when most nodes fall silent at once, the fault is most likely the
//! master's own network, and moving everybody's tasks would make it worse.

use super::liveness;
use crate::core::draft::Draft;
use crate::core::{Brake, Now, State};
use crate::mutant::{self, Mutant};

/// Among fewer nodes, "most of them" says nothing.
const LEAST_NODES: usize = 3;

/// Engages or releases the brake, and says whether it holds now. `any_silent`: a node would go
/// offline now.
pub fn tend(draft: &mut Draft<'_>, state: &State, now: Now, any_silent: bool) -> bool {
    let online = liveness::online(state).count();
    let suspects = liveness::suspects(state, now);
    let silent = suspects.len();
    match state.brake() {
        None if mutant::is(Mutant::NoBrake) => false,
        None if any_silent && online >= LEAST_NODES && 2 * silent > online => {
            let brake = Brake {
                engaged_at: now.wall,
                nodes: suspects.iter().map(|node| node.id.clone()).collect(),
            };
            let message = format!(
                "{silent} of {online} online nodes fell silent at once: most likely the master's \
                 own network fails, so no task is moved until most are heard again"
            );
            draft.set_brake(Some(brake), message);
            true
        }
        None => false,
        Some(_) if silent == 0 || 2 * silent < online => {
            let message = format!(
                "{} of {online} online nodes are heard again",
                online - silent
            );
            draft.set_brake(None, message);
            false
        }
        Some(_) => true,
    }
}
