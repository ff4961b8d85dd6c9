//! A task: what is wanted of it, and what is known about it.
//!
//! ```text
//!             place            report            report
//!  pending ──────────► scheduled ─────► running ─────────► completed | failed | stopped
//!     ▲                    │               │
//!     └────────────────────┴───────────────┘  node lost, drained: attempt + 1, when allowed
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Event, History, Idempotency, NodeId, Spec, TaskId, Timestamp};

/// What is known of a task. The order is the merge rule: within an attempt the greater of two
/// observations is right, and what has ended stays as it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for a node.
    Pending,
    /// Has a node; its container does not run yet.
    Scheduled,
    /// Its container runs, or waits to be restarted by its policy.
    Running,
    /// Ended with exit code 0.
    Completed,
    /// Ended otherwise.
    Failed,
    /// Ended by a user's request.
    Stopped,
}

/// What is wanted of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "want")]
pub enum Desired {
    /// That it runs to its end.
    Run,
    /// That it ends, by a user's request.
    Stop {
        /// Seconds between SIGTERM and SIGKILL.
        grace_seconds: u32,
    },
    /// That it ends on its node and goes on elsewhere (a drain).
    Move {
        /// Seconds between SIGTERM and SIGKILL.
        grace_seconds: u32,
        /// Why, one line.
        reason: Box<str>,
    },
    /// That it ends and is forgotten.
    Remove {
        /// Seconds between SIGTERM and SIGKILL.
        grace_seconds: u32,
    },
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The sequence number of the event that made it: the order of creation.
    pub sequence: u64,
    /// What it is asked to be.
    pub spec: Arc<Spec>,
    /// The key of the submission that made it.
    pub idempotency: Option<Box<Idempotency>>,
    /// What is wanted of it.
    pub desired: Desired,
    /// What is known of it.
    pub status: Status,
    /// How often it was placed: the fencing number. 0 before the first placement.
    pub attempt: u32,
    /// The sequence number of the event that placed it last; 0 before the first placement.
    pub placement: u64,
    /// Where it was placed. Stays when it has ended: its container is still there.
    pub node: Option<NodeId>,
    /// The engine's id of its container in this attempt.
    pub container_id: Option<Box<str>>,
    /// Why it is in its status, one line; empty when there is nothing to say.
    pub reason: Box<str>,
    /// Restarts of the container within this attempt.
    pub restart_count: u32,
    /// The container's health check.
    pub health: Option<Box<str>>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it was placed last.
    pub scheduled_at: Option<Timestamp>,
    /// When its container first ran in this attempt.
    pub started_at: Option<Timestamp>,
    /// How it ended. Behind a pointer, because most tasks of a large cluster run.
    pub ended: Option<Box<Ended>>,
    /// Its own last events, oldest first, at most [`Task::HISTORY`].
    pub history: History,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// What its container ended with, if it had one.
    pub exit_code: Option<i64>,
    /// What went wrong.
    pub error: Option<Box<str>>,
}

impl Status {
    /// Whether it has ended.
    pub fn is_ended(self) -> bool {
        self >= Status::Completed
    }

    /// Whether it takes room on its node.
    pub fn is_active(self) -> bool {
        matches!(self, Status::Scheduled | Status::Running)
    }

    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Scheduled => "scheduled",
            Status::Running => "running",
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::Stopped => "stopped",
        }
    }
}

impl Task {
    /// How many of its own events a task keeps.
    pub const HISTORY: usize = 20;

    /// Its own last events, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.history.events(&self.id)
    }

    /// When it ended.
    pub fn finished_at(&self) -> Option<Timestamp> {
        self.ended.as_ref().map(|ended| ended.at)
    }

    /// What its container ended with.
    pub fn exit_code(&self) -> Option<i64> {
        self.ended.as_ref()?.exit_code
    }

    /// What went wrong when it ended.
    pub fn error(&self) -> Option<&str> {
        self.ended.as_ref()?.error.as_deref()
    }

    /// The node whose room it takes, when it takes any.
    pub fn occupies(&self) -> Option<&NodeId> {
        if self.status.is_active() {
            self.node.as_ref()
        } else {
            None
        }
    }
}
