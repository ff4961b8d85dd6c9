//! Why a command is not carried out. Data only: which HTTP status it becomes is decided in
//! `master::http::error`.

use super::{NodeId, Status, TaskId};

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No such task.
    #[error("task {0} not found")]
    UnknownTask(TaskId),
    /// No such node.
    #[error("node {0} not found")]
    UnknownNode(NodeId),
    /// A field of the request can't be.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which field, as the API names it.
        field: String,
        /// What is wrong with it, and what is allowed.
        problem: String,
    },
    /// The idempotency key was used for another body.
    #[error("Idempotency-Key {key} was used for another request (task {task})")]
    KeyReused {
        /// The key.
        key: String,
        /// The task it made.
        task: TaskId,
    },
    /// The task has not ended, and force was not asked for.
    #[error("task {task} is {}: stop it first, or remove it with force", status.as_str())]
    NotEnded {
        /// Which task.
        task: TaskId,
        /// Its status.
        status: Status,
    },
    /// The node is online, so it can't be forgotten.
    #[error("node {0} is online: stop its worker first")]
    NodeOnline(NodeId),
    /// Another live worker has this node id.
    #[error("node {node} is alive at {address}: give this worker another node id")]
    NodeIdTaken {
        /// The id.
        node: NodeId,
        /// Where the one that has it is.
        address: String,
    },
    /// Another live worker says that it listens there.
    #[error("node {node} is alive at {address}: give this worker another hostname or port")]
    AddressTaken {
        /// Who has it.
        node: NodeId,
        /// The address.
        address: String,
    },
    /// A report's status that a worker can't say.
    #[error("status: a worker can't report {}", .0.as_str())]
    ImpossibleStatus(Status),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_says_what_and_what_to_do() {
        let rejection = Rejection::NotEnded {
            task: "t".into(),
            status: Status::Running,
        };
        assert_eq!(
            rejection.to_string(),
            "task t is running: stop it first, or remove it with force"
        );
        let all = [
            Status::Pending,
            Status::Scheduled,
            Status::Completed,
            Status::Failed,
        ];
        for status in all {
            let text = Rejection::ImpossibleStatus(status).to_string();
            assert_eq!(
                text,
                format!("status: a worker can't report {}", status.as_str())
            );
        }
        assert_eq!(Status::Stopped.as_str(), "stopped");
    }
}
