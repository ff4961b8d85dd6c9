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

/// One task of a heartbeat or of a registration: a [`Report`] with its task's id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskReport {
    /// Which task.
    pub task_id: String,
    /// What about it.
    #[serde(flatten)]
    pub report: Report,
}
