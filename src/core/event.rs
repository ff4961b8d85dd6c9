//! Events: each accepted change, explained.

use serde::{Deserialize, Serialize};

use super::{NodeId, TaskId, Timestamp};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind, for tests and documents.
            pub const ALL: &[Kind] = &[$(Kind::$name,)*];

            /// As the API writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// Accepted.
    TaskSubmitted = "taskSubmitted",
    /// No node takes it, or for another reason than before.
    TaskUnschedulable = "taskUnschedulable",
    /// Placed on a node.
    TaskScheduled = "taskScheduled",
    /// Something is going on: its image is pulled, its container waits to be restarted.
    TaskProgress = "taskProgress",
    /// Its container runs.
    TaskRunning = "taskRunning",
    /// Its container was restarted by its policy.
    TaskRestarted = "taskRestarted",
    /// Its health check changed.
    TaskHealth = "taskHealth",
    /// A user asked for its end, or a drain for its move.
    TaskStopping = "taskStopping",
    /// Taken from its node, to be placed again.
    TaskRescheduled = "taskRescheduled",
    /// Ended with exit code 0.
    TaskCompleted = "taskCompleted",
    /// Ended otherwise.
    TaskFailed = "taskFailed",
    /// Ended by a user's request.
    TaskStopped = "taskStopped",
    /// Forgotten.
    TaskRemoved = "taskRemoved",
    /// Registered for the first time.
    NodeRegistered = "nodeRegistered",
    /// Its data changed (address, capacity, labels, versions).
    NodeUpdated = "nodeUpdated",
    /// Back, after it was offline.
    NodeOnline = "nodeOnline",
    /// Lost, or signed off.
    NodeOffline = "nodeOffline",
    /// Only one direction of the network works.
    NodeUnreachable = "nodeUnreachable",
    /// Both directions work again.
    NodeReachable = "nodeReachable",
    /// Its engine does not answer.
    NodeDegraded = "nodeDegraded",
    /// Its engine answers again.
    NodeRecovered = "nodeRecovered",
    /// Being drained.
    NodeDraining = "nodeDraining",
    /// Takes tasks again after a drain.
    NodeUncordoned = "nodeUncordoned",
    /// Forgotten.
    NodeRemoved = "nodeRemoved",
    /// So many nodes fell silent at once that nothing is moved.
    BrakeEngaged = "brakeEngaged",
    /// Most are back, or an operator decided.
    BrakeReleased = "brakeReleased",
}

/// One accepted change, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Grows by one with each event, also across restarts.
    pub sequence: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What happened.
    pub kind: Kind,
    /// To which task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// To or on which node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// The task's attempt then; 0: none.
    #[serde(default)]
    pub attempt: u32,
    /// One line for people.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_written_as_it_is_stored() {
        for kind in Kind::ALL {
            let stored = serde_json::to_value(kind).unwrap();
            assert_eq!(stored, kind.as_str());
        }
    }
}
