//! A container as an engine shows it, and how podling's own ones are recognised.

use std::collections::BTreeMap;

use crate::wire;

/// The label with the task's id.
pub const LABEL_TASK: &str = "podling.task";
/// The label with the attempt's number.
pub const LABEL_ATTEMPT: &str = "podling.attempt";
/// The label with the node's id.
pub const LABEL_NODE: &str = "podling.node";
/// The label with the task as it was ordered, JSON: what a restarted worker needs to go on.
pub const LABEL_SPEC: &str = "podling.spec";

/// Whose a container is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The node.
    pub node_id: String,
    /// The task.
    pub task_id: String,
    /// Which placement of it.
    pub attempt: u32,
}

/// Where a container is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Made, and never started.
    Created,
    /// Running (or paused).
    Running,
    /// Ended.
    Exited(Exit),
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exit {
    /// The exit code of its first process: 128 + n when signal n killed it.
    pub code: i64,
    /// The kernel killed it for want of memory.
    pub out_of_memory: bool,
    /// Its command could not be executed, and why.
    pub bad_command: Option<String>,
    /// It is just being removed: somebody wanted it gone, and that is what ended it.
    pub being_removed: bool,
}

impl Exit {
    /// Whether somebody removed it while it ran, which ends it by SIGKILL: soon nothing is left.
    pub fn by_removal(&self) -> bool {
        self.being_removed && self.code == SIGKILLED
    }
}

/// The exit code of what SIGKILL ended.
const SIGKILLED: i64 = 137;

/// One container, looked at closely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The engine's id.
    pub id: String,
    /// Whose it is; none: not podling's.
    pub identity: Option<Identity>,
    /// Where it is in its life.
    pub phase: Phase,
    /// What its health check says, when it has one.
    pub health: Option<String>,
}

/// One container of a list: no exit code here.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The engine's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub identity: Identity,
    /// The task as it was ordered; none: the label is missing or unreadable.
    pub task: Option<wire::Task>,
    /// Its exit is unknown here when it ended.
    pub stage: Stage,
}

/// A [`Phase`] without details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Made, and never started.
    Created,
    /// Running (or paused).
    Running,
    /// Ended.
    Exited,
}

impl Exit {
    /// SIGTERM or SIGKILL ended it, and not the kernel for want of memory.
    pub fn is_killed(&self) -> bool {
        matches!(self.code, 137 | 143) && !self.out_of_memory
    }
}

impl Phase {
    /// Without details.
    pub fn stage(&self) -> Stage {
        match self {
            Phase::Created => Stage::Created,
            Phase::Running => Stage::Running,
            Phase::Exited(_) => Stage::Exited,
        }
    }
}

impl Identity {
    /// The name of the container: readable, and unique by task and attempt.
    pub fn container_name(&self, task_name: &str) -> String {
        format!("podling-{task_name}-{}-{}", self.task_id, self.attempt)
    }

    /// As labels.
    pub fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (LABEL_NODE.into(), self.node_id.clone()),
            (LABEL_TASK.into(), self.task_id.clone()),
            (LABEL_ATTEMPT.into(), self.attempt.to_string()),
        ])
    }

    /// From labels; none when one is missing: not podling's container.
    pub fn from_labels<'a>(get: impl Fn(&str) -> Option<&'a String>) -> Option<Self> {
        Some(Self {
            node_id: get(LABEL_NODE)?.clone(),
            task_id: get(LABEL_TASK)?.clone(),
            attempt: get(LABEL_ATTEMPT)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_survives_its_labels() {
        let identity = Identity {
            node_id: "n".into(),
            task_id: "t".into(),
            attempt: 7,
        };
        let labels = identity.labels();
        assert_eq!(Identity::from_labels(|key| labels.get(key)), Some(identity));
        assert_eq!(Identity::from_labels(|_| None), None);
    }
}
