//! Pending tasks get nodes, oldest first.

use std::collections::HashMap;

use crate::core::draft::Draft;
use crate::core::schedule::{Asks, Room};
use crate::core::{Change, Now, State, Task, transition};
use std::sync::Arc;

/// Places pending tasks. Bounded work: at most `limit` changes, and at most `limit` looks at all
/// nodes. A task that asks for what was just refused costs next to nothing.
pub fn place(state: &State, now: Now, limit: usize) -> Vec<Change> {
    let mut draft = Draft::new(state, now);
    let mut room = Room::of(state, now);
    let mut refused: HashMap<Asks, String> = HashMap::new();
    for task in in_turn(state, now, limit) {
        if draft.len() >= limit || refused.len() >= limit {
            break;
        }
        let asks = Asks::of(&task.spec);
        if let Some(reason) = refused.get(&asks) {
            transition::wait(&mut draft, task, reason.clone());
            continue;
        }
        match room.place(&asks, draft.next_sequence()) {
            Ok(node) => transition::schedule(&mut draft, task, &node),
            Err(reason) => {
                transition::wait(&mut draft, task, reason.clone());
                refused.insert(asks, reason);
            }
        }
    }
    draft.finish()
}

/// Oldest first. When more wait than one activation may look at, every second one begins somewhere
/// else: many that fit nowhere must not hide one that does.
fn in_turn(state: &State, now: Now, limit: usize) -> impl Iterator<Item = &Arc<Task>> {
    let waiting = state.pending_count();
    let skipped = if waiting > limit && now.random % 2 == 1 {
        (now.random / 2) as usize % waiting
    } else {
        0
    };
    state.pending().skip(skipped)
}
