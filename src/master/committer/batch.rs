//! From decisions to one transaction: of several writes of one key the last one wins.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::{Change, Node, NodeId, Task, TaskId, Write};
use crate::store::Batch;

/// The transaction that makes all these changes durable.
pub fn batch(changes: &[Change]) -> Batch {
    let mut batch = Batch::default();
    // By creation, so that new rows are written in the order of their keys.
    let mut tasks: BTreeMap<u64, Last<Arc<Task>, TaskId>> = BTreeMap::new();
    let mut nodes: BTreeMap<NodeId, Last<Arc<Node>, NodeId>> = BTreeMap::new();
    for change in changes {
        match &change.write {
            Write::PutTask(task) => {
                tasks.insert(task.sequence, Last::Put(task.clone()));
            }
            Write::RemoveTask(task) => {
                tasks.insert(task.sequence, Last::Remove(task.id.clone()));
            }
            Write::PutNode(node) => {
                nodes.insert(node.id.clone(), Last::Put(node.clone()));
            }
            Write::RemoveNode(id) => {
                nodes.insert(id.clone(), Last::Remove(id.clone()));
            }
            Write::SetBrake(brake) => batch.brake = Some(brake.clone()),
        }
        batch.last_event = batch.last_event.max(change.event.sequence);
    }
    for last in tasks.into_values() {
        last.sort_into(&mut batch.put_tasks, &mut batch.remove_tasks);
    }
    for last in nodes.into_values() {
        last.sort_into(&mut batch.put_nodes, &mut batch.remove_nodes);
    }
    batch
}

enum Last<P, R> {
    Put(P),
    Remove(R),
}

impl<P, R> Last<P, R> {
    fn sort_into(self, put: &mut Vec<P>, remove: &mut Vec<R>) {
        match self {
            Self::Put(record) => put.push(record),
            Self::Remove(key) => remove.push(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Status;
    use crate::master::fixture;

    #[test]
    fn the_last_write_of_a_task_wins() {
        let first = fixture::task(1);
        let second = Arc::new(Task {
            status: Status::Running,
            ..(*first).clone()
        });
        let changes = [
            fixture::put_task(1, first),
            fixture::put_task(2, second.clone()),
        ];
        let batch = batch(&changes);
        assert_eq!(batch.put_tasks, [second]);
        assert_eq!(batch.last_event, 2);
    }

    #[test]
    fn a_task_that_was_removed_is_not_put() {
        let task = fixture::task(1);
        let changes = [
            fixture::put_task(1, task.clone()),
            fixture::remove_task(2, task.clone()),
        ];
        let batch = batch(&changes);
        assert!(batch.put_tasks.is_empty());
        assert_eq!(batch.remove_tasks, vec![task.id.clone()]);
    }

    #[test]
    fn a_node_that_came_back_is_put_and_not_removed() {
        let node = fixture::node("n1", 8081);
        let changes = [
            fixture::remove_node(1, &node.id),
            fixture::put_node(2, node.clone()),
        ];
        let batch = batch(&changes);
        assert_eq!(batch.put_nodes, [node]);
        assert!(batch.remove_nodes.is_empty());
    }

    #[test]
    fn tasks_are_put_in_the_order_of_creation() {
        let changes = [3, 1, 2].map(|n| fixture::put_task(n, fixture::task(n)));
        let sequences: Vec<u64> = batch(&changes)
            .put_tasks
            .iter()
            .map(|task| task.sequence)
            .collect();
        assert_eq!(sequences, [1, 2, 3]);
    }
}
