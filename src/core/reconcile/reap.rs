//! Ended tasks are forgotten after a while: history must never outgrow state.

use crate::core::draft::Draft;
use crate::core::{Change, Now, State, transition};

/// Forgets ended tasks that have aged out, at most `limit`, the oldest first.
pub fn reap(state: &State, now: Now, limit: usize) -> Vec<Change> {
    let mut draft = Draft::new(state, now);
    let Some(ttl_ms) = state.policy().ended_task_ttl_ms else {
        return vec![];
    };
    let ttl_ms = i64::try_from(ttl_ms).unwrap_or(i64::MAX);
    let wall = state.cautious_wall(now);
    let aged_out = state.ended().take_while(|task| {
        let ended_at = task.finished_at().unwrap_or(task.created_at);
        ended_at.plus_ms(ttl_ms) <= wall
    });
    for task in aged_out.take(limit) {
        transition::remove(&mut draft, task, "ended long ago");
    }
    draft.finish()
}
