//! Ended tasks are forgotten after a while: history must never outgrow state.

use crate::core::draft::Draft;
use crate::core::{Change, Now, State, Task, Timestamp, transition};

/// Forgets ended tasks that have aged out, at most `limit`, the oldest first.
pub fn reap(state: &State, now: Now, limit: usize) -> Vec<Change> {
    let mut draft = Draft::new(state, now);
    let Some(ttl_ms) = state.policy().ended_task_ttl_ms else {
        return vec![];
    };
    let wall = state.cautious_wall(now);
    let aged_out = state
        .ended()
        .take_while(|task| ages_out(task, ttl_ms) <= wall);
    for task in aged_out.take(limit) {
        transition::remove(&mut draft, task, "ended long ago");
    }
    draft.finish()
}

/// In how many milliseconds the next task may have aged out, at the earliest; none: none ever does.
pub fn reap_in_ms(state: &State, now: Now) -> Option<u64> {
    let ttl_ms = state.policy().ended_task_ttl_ms?;
    let Some(next) = state.ended().next() else {
        return Some(ttl_ms);
    };
    let ms = ages_out(next, ttl_ms).0;
    let ms = ms.saturating_sub(state.cautious_wall(now).0).max(0);
    Some(ms.unsigned_abs())
}

fn ages_out(task: &Task, ttl_ms: u64) -> Timestamp {
    let ended_at = task.finished_at().unwrap_or(task.created_at);
    ended_at.plus_ms(i64::try_from(ttl_ms).unwrap_or(i64::MAX))
}
