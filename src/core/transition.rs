//! The steps a task or a node takes, whoever causes them: `decide` and `reconcile` both only
//! choose which. Each writes the new record and its event into the [`Draft`].
//!
//! [`Draft`]: super::draft::Draft

mod node;
mod task;

pub(super) use node::{lose, move_all_off, shed};
pub(super) use task::{
    End, decline, end, evict, last_moment, remove, schedule, stop, stopping, wait,
};
