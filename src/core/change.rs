//! What a decision changes: whole records, so that the last write of a key wins.

use std::sync::Arc;

use super::{Brake, Event, Node, NodeId, Task};

/// One write to the state, and to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new task, or a task in its new form.
    PutTask(Arc<Task>),
    /// The task goes; this was its last form.
    RemoveTask(Arc<Task>),
    /// A new node, or a node in its new form.
    PutNode(Arc<Node>),
    /// The node goes.
    RemoveNode(NodeId),
    /// The brake, engaged or released.
    SetBrake(Option<Brake>),
}

/// A write and its explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is written.
    pub write: Write,
    /// Why: goes to the cluster's stream of events.
    pub event: Arc<Event>,
}
