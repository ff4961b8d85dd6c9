//! Where committed changes rest.
//!
//! Two methods, so that back ends cannot differ in behaviour: all of it is loaded once, at start;
//! after that only batches of writes are committed, each in one transaction, each only if this
//! process still holds the fence. The store knows rows, not rules.

mod location;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::core::{Brake, Node, NodeId, Task, TaskId, Write};
pub use location::Location;

/// Everything that was ever committed.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Tasks in creation order.
    pub tasks: Vec<Arc<Task>>,
    /// Nodes.
    pub nodes: Vec<Arc<Node>>,
    /// The brake.
    pub brake: Option<Brake>,
    /// The sequence number of the last event that was committed.
    pub last_event: u64,
}

impl Snapshot {
    /// As writes, for [`crate::core::State::load`].
    pub fn into_writes(self) -> impl Iterator<Item = Write> {
        let nodes = self.nodes.into_iter().map(Write::PutNode);
        let tasks = self.tasks.into_iter().map(Write::PutTask);
        nodes.chain(tasks).chain([Write::SetBrake(self.brake)])
    }
}

/// The writes of one transaction: for each key only the last one.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// New forms of tasks.
    pub put_tasks: Vec<Arc<Task>>,
    /// Tasks that go.
    pub remove_tasks: Vec<TaskId>,
    /// New forms of nodes.
    pub put_nodes: Vec<Arc<Node>>,
    /// Nodes that go.
    pub remove_nodes: Vec<NodeId>,
    /// The brake, when it changed.
    pub brake: Option<Option<Brake>>,
    /// The sequence number of the last event of the batch.
    pub last_event: u64,
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another master has taken over. Final: this one must not write any more.
    #[error("another master took over this store (epoch {found}, ours is {ours})")]
    Fenced {
        /// The epoch in the store.
        found: i64,
        /// The epoch of this process.
        ours: i64,
    },
    /// Another master is alive on this store.
    #[error("{what} is held by another master{}", .holder.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())]
    Held {
        /// The data directory or database.
        what: String,
        /// Who, when it is known.
        holder: Option<String>,
    },
    /// Can't be used as it is; trying again does not help.
    #[error("{what}: {why}")]
    Unusable {
        /// The file, directory or database.
        what: String,
        /// Why, and what to do.
        why: String,
    },
    /// Did not work this time; trying again may help. Whether a commit took place is unknown.
    #[error("{0}")]
    Unavailable(String),
}

/// Where committed changes rest.
pub trait Store: Send + Sync + 'static {
    /// Everything that was ever committed.
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>>;

    /// Makes the batch durable: all of it or nothing. May be repeated with the same batch.
    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Error>>;

    /// For people: `sqlite (/var/lib/podling/podling.db)`.
    fn describe(&self) -> String;
}
