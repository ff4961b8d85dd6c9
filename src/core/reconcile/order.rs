//! What a worker is to be told about one task.

use crate::core::{Desired, Status, Task, TaskId};

/// One thing to tell a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Run this attempt.
    Run,
    /// Stop (and perhaps remove) it.
    Stop(StopOrder),
}

/// What a worker is to stop. One that does not have the task reports it as `stopped` all the same,
/// and never runs this attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopOrder {
    /// Which task.
    pub task: TaskId,
    /// Which attempt of it, and every older one.
    pub attempt: u32,
    /// Seconds between SIGTERM and SIGKILL.
    pub grace_seconds: u32,
    /// The container is to go too.
    pub remove: bool,
}

/// What the task's node is to be told right after a commit: run it, stop it, or nothing. Also for
/// the last form of a task that was removed: its container goes too.
pub fn order(task: &Task) -> Option<Order> {
    task.node.as_ref()?;
    let stop = |grace_seconds, remove| {
        Some(Order::Stop(StopOrder {
            task: task.id.clone(),
            attempt: task.attempt,
            grace_seconds,
            remove,
        }))
    };
    match (&task.desired, task.status) {
        (Desired::Remove { grace_seconds }, _) => stop(*grace_seconds, true),
        (_, Status::Pending | Status::Completed | Status::Failed | Status::Stopped) => None,
        (Desired::Run, Status::Scheduled) => Some(Order::Run),
        (Desired::Run, Status::Running) => None,
        // A moved task's container stays until the new attempt makes it stale: should the task
        // have ended by itself meanwhile, its logs can still be read.
        (Desired::Stop { grace_seconds } | Desired::Move { grace_seconds, .. }, _) => {
            stop(*grace_seconds, false)
        }
    }
}
