//! A batch, and everything that was stored, as rows.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use diesel::prelude::{Insertable, Queryable};

use super::text::{pack, unpack};
use super::{Damaged, NodeRow, Record, TaskRow};
use crate::core::{Brake, Node, Spec};
use crate::store::schema::meta;
use crate::store::{Batch, Snapshot};

/// What is stored once: a name and a value.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = meta, treat_none_as_default_value = false)]
pub struct MetaRow {
    name: String,
    value: String,
}

impl MetaRow {
    /// The name of the fence.
    pub const EPOCH: &str = "epoch";
    const LAST_EVENT: &str = "last_event";
    const BRAKE: &str = "brake";
    const CLUSTER_ID: &str = "cluster_id";

    fn new(name: &str, value: String) -> Self {
        Self {
            name: name.to_owned(),
            value,
        }
    }
}

/// A batch as it is written.
#[derive(Debug)]
pub struct BatchRows {
    /// Tasks to write, each once.
    pub tasks: Vec<TaskRow>,
    /// Ids of tasks that go, after that.
    pub removed_tasks: Vec<String>,
    /// Nodes to write, each once.
    pub nodes: Vec<NodeRow>,
    /// Ids of nodes that go, after that.
    pub removed_nodes: Vec<String>,
    /// The last event's number and, when it changed, the brake. None: the batch is empty.
    pub meta: Vec<MetaRow>,
}

impl BatchRows {
    /// Nothing is to be written: the fence is looked at, and that is all.
    pub fn is_empty(&self) -> bool {
        self.meta.is_empty()
    }
}

impl TryFrom<&Batch> for BatchRows {
    type Error = Damaged;

    fn try_from(batch: &Batch) -> Result<Self, Damaged> {
        let tasks = last_of_each(&batch.put_tasks, |task| &task.id);
        let nodes = last_of_each(&batch.put_nodes, |node| &node.id);
        let mut meta = vec![];
        if !batch.is_empty() {
            meta.push(MetaRow::new(
                MetaRow::LAST_EVENT,
                batch.last_event.to_string(),
            ));
        }
        if let Some(brake) = &batch.brake {
            let record = Record {
                kind: "meta",
                id: MetaRow::BRAKE,
            };
            meta.push(MetaRow::new(
                MetaRow::BRAKE,
                record.to_json("value", brake)?,
            ));
        }
        if let Some(id) = &batch.cluster_id {
            meta.push(MetaRow::new(MetaRow::CLUSTER_ID, pack(id)));
        }
        Ok(Self {
            tasks: tasks
                .map(|task| TaskRow::try_from(&**task))
                .collect::<Result<_, _>>()?,
            removed_tasks: batch
                .remove_tasks
                .iter()
                .map(|id| pack(id.as_str()))
                .collect(),
            nodes: nodes
                .map(|node| NodeRow::try_from(&**node))
                .collect::<Result<_, _>>()?,
            removed_nodes: batch
                .remove_nodes
                .iter()
                .map(|id| pack(id.as_str()))
                .collect(),
            meta,
        })
    }
}

/// A batch should hold each key once. When it does not, PostgreSQL would refuse it and SQLite take
/// the last; so the last it is, everywhere.
fn last_of_each<T, K: Hash + Eq>(
    records: &[T],
    key: impl Fn(&T) -> &K,
) -> impl Iterator<Item = &T> {
    let mut seen = HashSet::with_capacity(records.len());
    let mut last: Vec<&T> = records
        .iter()
        .rev()
        .filter(|record| seen.insert(key(record)))
        .collect();
    last.reverse();
    last.into_iter()
}

/// Collects what was stored, row by row, so that it is never in memory twice.
#[derive(Debug, Default)]
pub struct SnapshotRows {
    snapshot: Snapshot,
    /// How the spec of the last task was written, and what it is.
    last_spec: Option<(String, Arc<Spec>)>,
}

impl SnapshotRows {
    /// One more task.
    pub fn task(&mut self, row: TaskRow) -> Result<(), Damaged> {
        let (task, spec_json) = row.into_task(self.last_spec.as_ref())?;
        self.last_spec = Some((spec_json, task.spec.clone()));
        self.snapshot.tasks.push(Arc::new(task));
        Ok(())
    }

    /// The tasks that others have collected.
    pub fn append(&mut self, mut others: Self) {
        self.snapshot.tasks.append(&mut others.snapshot.tasks);
    }

    /// One more node.
    pub fn node(&mut self, row: NodeRow) -> Result<(), Damaged> {
        self.snapshot.nodes.push(Arc::new(Node::try_from(row)?));
        Ok(())
    }

    /// Everything, in order. Sorted here rather than by the database, so that no text collation
    /// decides and no index is needed.
    pub fn finish(mut self, meta: Vec<MetaRow>) -> Result<Snapshot, Damaged> {
        for row in meta {
            let record = Record {
                kind: "meta",
                id: &row.name,
            };
            match row.name.as_str() {
                MetaRow::LAST_EVENT => {
                    self.snapshot.last_event = record.parse("value", &row.value)?
                }
                MetaRow::BRAKE => {
                    self.snapshot.brake = record.parse::<Option<Brake>>("value", &row.value)?;
                }
                MetaRow::CLUSTER_ID => self.snapshot.cluster_id = Some(unpack(row.value.clone())),
                _ => {}
            }
        }
        self.snapshot
            .tasks
            .sort_unstable_by_key(|task| task.sequence);
        self.snapshot.nodes.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(self.snapshot)
    }
}

/// The epoch as a number.
pub fn read_epoch(value: Option<&str>) -> Result<i64, Damaged> {
    let record = Record {
        kind: "meta",
        id: MetaRow::EPOCH,
    };
    let value = value.ok_or_else(|| record.damaged("value", "is not there"))?;
    record.parse("value", value)
}
