//! Tasks: what is asked for, and what became of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Quantity;

/// Where a task is in its life. `stopped` means: ended by a user's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TaskStatus {
    /// Accepted, waiting for a node; `schedulingError` says why.
    Pending,
    /// A node was chosen; the container does not run yet.
    Scheduled,
    /// The container runs (or waits to be restarted by its policy).
    Running,
    /// Ended with exit code 0.
    Completed,
    /// Ended otherwise; `error` and `reason` say how.
    Failed,
    /// Ended because a user asked for it.
    Stopped,
}

/// When a worker starts a container again after it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub enum RestartPolicy {
    /// Never (the default).
    #[default]
    Never,
    /// When it ended with another exit code than 0.
    OnFailure,
    /// Always, until the task is stopped.
    Always,
}

/// When a worker pulls the image before it makes the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub enum PullPolicy {
    /// When the engine does not have it (the default).
    #[default]
    Missing,
    /// Each time, so that a moved tag is noticed.
    Always,
    /// Never: the image has to be there.
    Never,
}

/// Transport protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP (the default).
    #[default]
    #[serde(alias = "tcp")]
    Tcp,
    /// UDP.
    #[serde(alias = "udp")]
    Udp,
}

/// A port of the container, published on the host when `hostPort` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 1 to 65535.
    pub container_port: u16,
    /// 1 to 65535; left out: not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_port: Option<u16>,
    /// The host's address to listen on; left out: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<String>,
    /// `TCP` or `UDP`.
    #[serde(default)]
    pub protocol: Protocol,
}

/// CPU in millicores, memory in bytes; requests also take texts with a unit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ResourceAmounts {
    /// Millicores (1000 = one core), or `"500m"`, `"2"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Bytes, or `"256Mi"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

/// What a task reserves on its node, and what it may use at most.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Resources {
    /// Reserved: the scheduler never assigns more than a node has.
    #[serde(default)]
    pub requests: ResourceAmounts,
    /// Enforced by the container engine.
    #[serde(default)]
    pub limits: ResourceAmounts,
}

/// `POST /api/v1/tasks`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SubmitTask {
    /// `[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}`.
    #[schema(required = true)]
    pub name: String,
    /// As `docker pull` takes it.
    #[schema(required = true)]
    pub image: String,
    /// Replaces the image's entry point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Replaces the image's arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    /// Environment of the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<BTreeMap<String, String>>,
    /// Labels of the task (and of its container).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<Port>>,
    /// Requests and limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// When the container is started again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicy>,
    /// How many placements the task may have in all; left out: as many as it takes; 1: never
    /// repeated on another node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// When the image is pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_policy: Option<PullPolicy>,
}

/// A task as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// `YYYYMMDDhhmmss-xxxxxxxx`.
    pub task_id: String,
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Replaces the image's entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Replaces the image's arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Environment of the container.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// Requests and limits; always present.
    #[serde(default)]
    pub resources: Resources,
    /// When the container is started again.
    #[serde(default)]
    pub restart_policy: RestartPolicy,
    /// When the image is pulled.
    #[serde(default)]
    pub pull_policy: PullPolicy,
    /// How many placements it may have in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// Where it is in its life. A Go client's worker may leave it out in `execute`.
    #[serde(default = "pending")]
    pub status: TaskStatus,
    /// The number of its current placement: 0 before the first. It fences off late reports.
    #[serde(default)]
    pub attempt: u32,
    /// How often the container was started again within this attempt.
    #[serde(default)]
    pub restart_count: u32,
    /// The node it was placed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// The engine's id of its container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_id: Option<String>,
    /// How the container ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it is in this status, one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// While pending: why no node takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduling_error: Option<String>,
    /// Only in orders to workers: by which cluster it is ordered. Its container keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,
    /// When it was accepted.
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When its current node was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub scheduled_at: Option<Timestamp>,
    /// When its container first ran in this attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// The container's health check: `starting`, `healthy`, `unhealthy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_status: Option<String>,
}

fn pending() -> TaskStatus {
    TaskStatus::Pending
}

/// The query of `GET /api/v1/tasks`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
pub struct ListTasks {
    /// Only tasks with one of these statuses, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Only tasks placed on this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// Only tasks of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only tasks with this label, `key` or `key=value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// At most so many; without it, all. The `Podling-Next-Cursor` header of the answer leads on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Where to go on: the cursor an earlier answer gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<u64>,
}

/// `POST …/tasks/{id}/stop`, at the master and at a worker (where `attempt` says which).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Stop {
    /// Seconds between SIGTERM and SIGKILL; 10 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_period_seconds: Option<u32>,
    /// Only at a worker: the attempt to stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}

/// `POST /api/v1/tasks/{id}/execute` at a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Execute {
    /// The task, with its attempt.
    pub task: Task,
}

/// `POST /api/v1/tasks/execute` at a worker: as many at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExecuteBatch {
    /// The tasks, each with its attempt.
    pub tasks: Vec<Task>,
}

/// What a worker says to one task of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecuteVerdict {
    /// Which task.
    pub task_id: String,
    /// Taken (or taken before: nothing happens twice).
    pub accepted: bool,
    /// Why not, when not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same for programs: the code that the task alone would be refused with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// One line of `GET …/tasks/{id}/pull`: newline-delimited JSON, one object per layer's step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullProgress {
    /// The layer's short id; left out: about the image as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// `Downloading`, `Extracting`, `Pull complete` …
    pub status: String,
    /// Bytes done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<u64>,
    /// Bytes in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// A worker's logs in the form the Go CLI reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkerLogs {
    /// The text, standard output and error together.
    pub logs: String,
    /// How many lines were asked for.
    pub tail: u64,
    /// Which task.
    pub task_id: String,
}

/// The answer of `POST /api/v1/prune`; the first and third are for Go clients, always 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pruned {
    /// Always 0: podling has no pods.
    pub pods_removed: usize,
    /// Offline nodes forgotten.
    pub nodes_removed: usize,
    /// Always 0: podling has no services.
    pub services_removed: usize,
    /// Ended tasks removed.
    pub tasks_removed: usize,
}
