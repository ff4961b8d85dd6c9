//! The JSON types of the HTTP API: what travels between CLI, master and worker.
//!
//! Only shapes, no logic: turning them into [`crate::core`] types and back is the business of
//! whoever stands at the edge (`master::http`, `worker`). They are never stored and never used
//! inside `core`, so the API and the stored form can change without each other.
//!
//! Every name is camelCase, an absent optional field is left out, times are RFC 3339 in UTC.

mod error;
mod event;
mod logs;
mod message;
mod node;
mod quantity;
mod report;
mod task;
mod version;

pub use error::ErrorBody;
pub use event::Event;
pub use logs::LogQuery;
pub use message::Message;
pub use node::{
    Amounts, Condition, Drain, Engine, Heartbeat, HeartbeatAnswer, Instructions, KnownAmounts,
    Node, NodeResources, NodeStatus, Register, StopOrder,
};
pub use quantity::Quantity;
pub use report::{Report, Reported, TaskReport};
pub use task::{
    Execute, ExecuteBatch, ExecuteVerdict, ListTasks, Port, Protocol, Pruned, PullPolicy,
    PullProgress, ResourceAmounts, Resources, RestartPolicy, Stop, SubmitTask, Task, TaskStatus,
    WorkerLogs,
};
pub use version::{Health, Ready, Version};
