//! What a worker reports about a task.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `PUT /api/v1/tasks/{id}/status`. A Go worker sends neither `attempt` nor `nodeId`.
///
/// `status` is a text here so that an impossible one is answered by name and not as bad JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Report {
    /// One of the task statuses.
    #[schema(required = true)]
    pub status: String,
    /// The attempt it is about; left out: the current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The node that says so; left out: the one the task is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// The engine's id of the container. Once known it is never wiped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_id: Option<String>,
    /// How the container ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What is going on, one line: `pulling nginx:latest`, `restarting in 4s …`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Restarts of the container within this attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_count: Option<u32>,
    /// The container's health check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_status: Option<String>,
}

/// The answer to a [`Report`] that was sent with `Prefer: return=minimal`: what its sender has to know of the
/// task as it is now. Without it the answer is the whole task, which can be read as this too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reported {
    /// Which attempt stands.
    pub attempt: u32,
    /// Where it is; none: nowhere yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
}

/// One task of a heartbeat or of a registration: a [`Report`] with its task's id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", from = "FlatReport")]
pub struct TaskReport {
    /// Which task.
    #[schema(required = true)]
    pub task_id: String,
    /// What about it.
    #[serde(flatten)]
    pub report: Report,
}

/// How a [`TaskReport`] is read: a worker names all its tasks with each heartbeat, and `flatten` would put
/// every field by before it is read.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FlatReport {
    task_id: String,
    status: String,
    attempt: Option<u32>,
    node_id: Option<String>,
    container_id: Option<String>,
    exit_code: Option<i64>,
    error: Option<String>,
    reason: Option<String>,
    restart_count: Option<u32>,
    health_status: Option<String>,
}

impl From<FlatReport> for TaskReport {
    fn from(line: FlatReport) -> Self {
        Self {
            task_id: line.task_id,
            report: Report {
                status: line.status,
                attempt: line.attempt,
                node_id: line.node_id,
                container_id: line.container_id,
                exit_code: line.exit_code,
                error: line.error,
                reason: line.reason,
                restart_count: line.restart_count,
                health_status: line.health_status,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_task_is_read_as_the_short_answer() {
        let task = serde_json::json!({
            "taskId": "t", "name": "a", "image": "i", "status": "running", "attempt": 2, "nodeId": "n",
        });
        let reported: Reported = serde_json::from_value(task).unwrap();
        assert_eq!(
            (reported.attempt, reported.node_id.as_deref()),
            (2, Some("n"))
        );
    }

    #[test]
    fn a_line_is_read_as_it_is_written() {
        let full = TaskReport {
            task_id: "t".into(),
            report: Report {
                status: "running".into(),
                attempt: Some(1),
                node_id: Some("n".into()),
                container_id: Some("c".into()),
                exit_code: Some(-1),
                error: Some("e".into()),
                reason: Some("r".into()),
                restart_count: Some(2),
                health_status: Some("healthy".into()),
            },
        };
        for line in [full, TaskReport::default()] {
            let written = serde_json::to_string(&line).unwrap();
            assert_eq!(serde_json::from_str::<TaskReport>(&written).unwrap(), line);
        }
        assert_eq!(
            serde_json::from_str::<TaskReport>("{}").unwrap(),
            TaskReport::default()
        );
    }
}
