//! Which node takes a task, and when none does, why.
//!
//! `filter` says which nodes can, `score` which of those is best, `explain` why none can. `room`
//! goes through the nodes in the order of their scores, and knows what is taken of each (`candidate`),
//! also by what the same decision has just placed. Tasks are placed as they come: no room is held back
//! for a large task, so small ones may pass it.

mod asks;
mod candidate;
mod explain;
mod filter;
mod room;
mod score;

use std::sync::Arc;

use super::{Node, NodeId, Now, Spec, State};
pub(super) use asks::Asks;
use candidate::Candidate;
pub use explain::same_refusal;
pub(super) use room::room;
pub(super) use score::{Score, Taken};

/// The node that takes a task like this, else why none does.
///
/// For one task. Whoever places several in one decision needs a [`room()`].
pub fn place(state: &State, spec: &Spec, now: Now) -> Result<NodeId, String> {
    let asks = Asks::of(spec);
    let takes = |node: &Arc<Node>| {
        let candidate = Candidate::of(state, node, now);
        filter::refusing(&candidate, &asks).is_none()
    };
    let mut ready = state.ready().map(|(_, node)| node);
    match ready.find(|node| takes(node)) {
        Some(node) => Ok(node.id.clone()),
        None => {
            let nodes = state.nodes();
            let all: Vec<_> = nodes.map(|node| Candidate::of(state, node, now)).collect();
            Err(explain::explain(&all, &asks))
        }
    }
}

#[cfg(test)]
mod tests;
