//! Where committed changes rest.
//!
//! Two methods, so that back ends cannot differ in behaviour: all of it is loaded once, at start;
//! after that only batches of writes are committed, each in one transaction, each only if this
//! process still holds the fence. The store knows rows, not rules.
//!
//! Two locks keep masters apart, because they fail differently. Exclusivity (a lock on a file, an
//! advisory lock of PostgreSQL) keeps a second master from starting by mistake, and goes when the
//! process dies. The fence, an epoch that every master raises when it opens the store, is checked
//! within each transaction: it stops a master that lost the lock without noticing.
//!
//! Reading order: `rows` (what is stored), `memory` (what a store does, without a database),
//! `sqlite`, `postgres`.

mod error;
mod location;
mod memory;
mod migrations;
mod postgres;
mod rows;
mod schema;
mod sqlite;
mod upsert;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::core::{Brake, Node, NodeId, Task, TaskId, Write};
pub use error::Error;
pub use location::Location;
pub use memory::Memory;

/// Opens a store, makes or updates its tables, and takes it for this process alone.
pub async fn open(location: &Location) -> Result<Arc<dyn Store>, Error> {
    let store: Arc<dyn Store> = match location {
        Location::Memory => {
            log::warn!("store: memory; nothing survives the end of this process");
            return Ok(Arc::new(Memory::new()));
        }
        Location::Sqlite { data_dir } => Arc::new(sqlite::Sqlite::open(data_dir).await?),
        Location::Postgres { url } => Arc::new(postgres::Postgres::open(url).await?),
    };
    log::info!("store: {}", store.describe());
    Ok(store)
}

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
    /// Which cluster this is; none: nobody has said so yet.
    pub cluster_id: Option<String>,
}

impl Snapshot {
    /// As writes, for [`crate::core::State::load`].
    pub fn into_writes(self) -> impl Iterator<Item = Write> {
        let nodes = self.nodes.into_iter().map(Write::PutNode);
        let tasks = self.tasks.into_iter().map(Write::PutTask);
        nodes.chain(tasks).chain([Write::SetBrake(self.brake)])
    }
}

/// The writes of one transaction: for each key only the last one. A key that is both put and
/// removed is removed.
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
    /// Which cluster this is from now on; none: as before.
    pub cluster_id: Option<String>,
}

impl Batch {
    /// Nothing is to be written. Committing such a batch only tells whether the fence still holds.
    pub fn is_empty(&self) -> bool {
        self.put_tasks.is_empty()
            && self.remove_tasks.is_empty()
            && self.put_nodes.is_empty()
            && self.remove_nodes.is_empty()
            && self.brake.is_none()
            && self.cluster_id.is_none()
    }
}

/// Where committed changes rest.
pub trait Store: Send + Sync + 'static {
    /// Everything that was ever committed.
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>>;

    /// Makes the batch durable: all of it or nothing. May be repeated with the same batch.
    /// An empty batch only checks the fence, which is cheap.
    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Error>>;

    /// For people: `sqlite (/var/lib/podling/podling.db)`.
    fn describe(&self) -> String;
}
