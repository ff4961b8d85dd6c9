//! Nodes: what registers, what beats, and what the master answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use utoipa::ToSchema;

use super::{Quantity, Task, TaskReport};

/// Whether the master counts a node as alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NodeStatus {
    /// Heard of, or answering.
    Online,
    /// Lost, or signed off.
    Offline,
}

/// What an online node is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Takes tasks.
    Ready,
    /// Gets nothing new; what runs ends or is moved.
    Draining,
    /// Its container engine does not answer; gets nothing new.
    Degraded,
    /// Only one direction of the network works; gets nothing new, nothing is moved.
    Unreachable,
}

/// CPU in millicores, memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Amounts {
    /// Millicores.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
}

/// The same, each left out when it is not known, and so not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct KnownAmounts {
    /// Millicores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u64>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

/// What a node has, what tasks may have of it, and what they have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct NodeResources {
    /// What was registered; left out: not known, so not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<KnownAmounts>,
    /// What is still to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocatable: Option<KnownAmounts>,
    /// What the tasks on it requested.
    pub used: Amounts,
}

/// The container engine of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Engine {
    /// `docker`.
    pub name: String,
    /// The engine's version.
    pub version: String,
    /// `linux`.
    pub os: String,
    /// `x86_64`, `aarch64`.
    pub arch: String,
    /// What it calls itself, the same as long as it keeps its containers.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
}

/// `POST /api/v1/nodes/register`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Register {
    /// Where the master reaches the worker.
    #[schema(required = true)]
    pub hostname: String,
    /// The worker's port.
    #[schema(required = true)]
    pub port: u16,
    /// The node's id; left out: known by hostname and port, else made by the master.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// How many tasks it takes at once (slots); left out: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Millicores or text; left out: not limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Bytes or text; left out: not limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
    /// Labels of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Its container engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// The worker's version. Only podling's workers send one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How often it beats, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_interval_ms: Option<u64>,
    /// Why its engine can't be used, when it can't.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
    /// What it runs; left out (a Go worker): not said, so nothing is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Vec<TaskReport>>,
}

/// `POST /api/v1/nodes/{id}/heartbeat`; a Go worker sends no body.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Heartbeat {
    /// Everything it runs or keeps (ended containers too); left out: nothing is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Vec<TaskReport>>,
    /// `ready`; `draining`: the worker shuts down; or `degraded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Why `degraded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What its container engine calls itself. 404 when the node's is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_id: Option<String>,
    /// What its tasks really use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<Amounts>,
}

/// What a worker is to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StopOrder {
    /// Which task.
    pub task_id: String,
    /// Which attempt of it (and every older one).
    pub attempt: u32,
    /// Seconds between SIGTERM and SIGKILL.
    #[serde(default)]
    pub grace_period_seconds: u32,
    /// The container is to go too: the task is deleted, or the attempt is stale.
    #[serde(default)]
    pub remove: bool,
}

/// The answer to a heartbeat and to a registration: the node, and what its worker is to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HeartbeatAnswer {
    /// The node.
    #[serde(flatten)]
    pub node: Node,
    /// What its worker is to know.
    #[serde(flatten)]
    pub instructions: Instructions,
}

/// What a worker is to know and to do: a [`HeartbeatAnswer`] without the node, which is the whole answer to a
/// heartbeat that was sent with `Prefer: return=minimal`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Instructions {
    /// Of which cluster the master is: what another one ordered is not its to stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cluster_id: Option<SmolStr>,
    /// Out of touch for so many milliseconds, the node is lost; left out: not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_timeout_ms: Option<u64>,
    /// What it should run and did not name: sent again. Always there, so that no other answer is taken for one.
    pub run: Vec<Task>,
    /// What it named and should not run.
    pub stop: Vec<StopOrder>,
}

/// A node as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its id.
    pub node_id: String,
    /// Where the master reaches it.
    pub hostname: String,
    /// Its port.
    pub port: u16,
    /// Alive or not.
    pub status: NodeStatus,
    /// What it is good for.
    pub condition: Condition,
    /// Why it is not ready, one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Slots; left out: any number of tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Tasks placed on it that have not ended.
    pub running_tasks: u32,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// CPU and memory.
    pub resources: NodeResources,
    /// Its container engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// The worker's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it first registered.
    #[schema(value_type = String, format = DateTime)]
    pub registered_at: Timestamp,
    /// When it was last heard.
    #[schema(value_type = String, format = DateTime)]
    pub last_heartbeat: Timestamp,
}

/// `POST /api/v1/nodes/{id}/drain`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Drain {
    /// After so many seconds what still runs is moved to other nodes; 0: at once; left out: an
    /// hour; at most 30 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_seconds: Option<u64>,
    /// The node's own worker asks, because it shuts down: the drain is over when it registers
    /// again or signs off. Left out: an operator asks, and only uncordon ends it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_worker: bool,
}
