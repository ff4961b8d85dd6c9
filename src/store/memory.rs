//! A store that ends with the process: for trying podling out, and for tests.
//!
//! It behaves as the others do, the fence included: several handles may share what is stored, and
//! only the one that was opened last may use it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::{Batch, Error, Snapshot, Store};
use crate::core::{Brake, Node, NodeId, Task, TaskId};
use crate::mutant::{self, Mutant};

/// A store in memory.
#[derive(Debug)]
pub struct Memory {
    shared: Arc<Mutex<Stored>>,
    epoch: i64,
}

#[derive(Debug, Default)]
struct Stored {
    epoch: i64,
    tasks: BTreeMap<TaskId, Arc<Task>>,
    nodes: BTreeMap<NodeId, Arc<Node>>,
    brake: Option<Brake>,
    last_event: u64,
    cluster_id: Option<String>,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::on(Arc::default())
    }

    /// What is stored here, opened again, as a master does that restarts. This handle is fenced
    /// from now on.
    pub fn reopen(&self) -> Self {
        Self::on(self.shared.clone())
    }

    fn on(shared: Arc<Mutex<Stored>>) -> Self {
        let mut stored = shared.lock().unwrap_or_else(PoisonError::into_inner);
        stored.epoch += 1;
        let epoch = stored.epoch;
        drop(stored);
        Self { shared, epoch }
    }

    /// What is stored, if this handle may still use it.
    fn stored(&self) -> Result<MutexGuard<'_, Stored>, Error> {
        let stored = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if stored.epoch != self.epoch && !mutant::is(Mutant::NoFence) {
            return Err(Error::Fenced {
                found: stored.epoch,
                ours: self.epoch,
            });
        }
        Ok(stored)
    }

    fn snapshot(&self) -> Result<Snapshot, Error> {
        let stored = self.stored()?;
        let mut tasks: Vec<_> = stored.tasks.values().cloned().collect();
        tasks.sort_unstable_by_key(|task| task.sequence);
        Ok(Snapshot {
            tasks,
            nodes: stored.nodes.values().cloned().collect(),
            brake: stored.brake.clone(),
            last_event: stored.last_event,
            cluster_id: stored.cluster_id.clone(),
        })
    }

    fn write(&self, batch: &Batch) -> Result<(), Error> {
        let mut stored = self.stored()?;
        if batch.is_empty() {
            return Ok(());
        }
        for task in &batch.put_tasks {
            stored.tasks.insert(task.id.clone(), task.clone());
        }
        for id in &batch.remove_tasks {
            stored.tasks.remove(id);
        }
        for node in &batch.put_nodes {
            stored.nodes.insert(node.id.clone(), node.clone());
        }
        for id in &batch.remove_nodes {
            stored.nodes.remove(id);
        }
        if let Some(brake) = &batch.brake {
            stored.brake.clone_from(brake);
        }
        if batch.cluster_id.is_some() {
            stored.cluster_id.clone_from(&batch.cluster_id);
        }
        stored.last_event = batch.last_event;
        Ok(())
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for Memory {
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        ready(self.snapshot()).boxed()
    }

    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Error>> {
        ready(self.write(batch)).boxed()
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }
}
