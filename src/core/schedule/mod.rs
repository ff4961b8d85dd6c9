//! Which node takes a task, and when none does, why.
//!
//! `filter` says which nodes can, `score` which of those is best, `explain` why none can. `room`
//! is what they look at: the nodes in the order of their scores, each with what is taken of it, also
//! by what the same decision has just placed. Tasks are placed as they come: no room is held back for a large task, so small
//! ones may pass it.

mod asks;
mod explain;
mod filter;
mod room;
mod score;

use super::{NodeId, Now, Spec, State};
pub(super) use asks::Asks;
pub use explain::same_refusal;
pub(super) use room::room;
pub(super) use score::{Score, Taken};

/// The node that takes a task like this, else why none does.
pub fn place(state: &State, spec: &Spec, now: Now) -> Result<NodeId, String> {
    let placement = state.last_event() + 1;
    room(state, now).place(&Asks::of(spec), placement)
}

#[cfg(test)]
mod tests;
