//! What a supervisor is told, and how it is woken.

use std::sync::Arc;

use tokio::sync::Notify;

use super::step::Goal;
use crate::wire;

/// The order in force for a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The task, with its attempt.
    pub task: Arc<wire::Task>,
    /// What is wanted of it.
    pub goal: Goal,
    /// The master said that this attempt is the current one.
    pub confirmed: bool,
    /// Restarts within the attempt that the master knows of, before this process began; none: found
    /// on the engine, and the master was not asked yet.
    pub restarts_before: Option<u32>,
}

impl Order {
    /// An order that nothing else is known about.
    pub fn new(task: Arc<wire::Task>, goal: Goal, confirmed: bool) -> Self {
        Self {
            task,
            goal,
            confirmed,
            restarts_before: Some(0),
        }
    }
}

/// Tells a supervisor that there is something to see. What it missed while it was busy is one
/// wake-up, not many.
#[derive(Debug, Default)]
pub struct Wake(Notify);

impl Wake {
    /// Wakes it now, or as soon as it waits.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits to be woken. Cancel-safe.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}

/// What becomes of an order to run a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Taken, or taken before: nothing happens twice.
    Accepted,
    /// A newer attempt was seen already.
    OlderAttempt {
        /// Which.
        seen: u32,
    },
    /// The worker is shutting down.
    ShuttingDown,
}
