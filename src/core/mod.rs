//! The cluster as a pure state machine: this is where orchestration is.
//!
//! No tokio, no HTTP, no database, no clock, no randomness, no logging: time and random bits come
//! in with [`Now`], and everything that happens goes out as [`Change`]s. Reading order: `task`,
//! `node`, `change`, `state`, `decide`, `schedule`, `reconcile`.

mod change;
mod command;
pub mod decide;
mod draft;
mod event;
mod history;
mod id;
mod line;
mod node;
mod now;
mod policy;
pub mod reconcile;
mod rejection;
pub mod resources;
pub mod schedule;
mod spec;
mod state;
mod task;
#[cfg(test)]
pub(crate) mod test_cluster;
mod transition;

pub use change::{Change, Write};
pub use command::{
    Command, Decline, Deregister, Drain, EngineCondition, Heartbeat, Register, Registrant, Remove,
    Report, Stop, Submit,
};
pub use event::{Event, Kind};
pub use history::History;
pub use id::{NodeId, TaskId};
pub use node::{Availability, Brake, DrainState, Engine, Node};
pub use now::{Monotonic, Now, Timestamp};
pub use policy::{Policy, Strategy};
pub use rejection::Rejection;
pub use resources::{Capacity, HostPort, Limits, Requests};
pub use spec::{Idempotency, Pairs, Port, Protocol, PullPolicy, RestartPolicy, Spec};
pub use state::{Contact, State, Usage};
pub use task::{Desired, Ended, Status, Task};
