//! What a node still runs and should not: containers of attempts that are over for the master. Their
//! ports and memory are taken although no task of the state takes them, so until they have ended the
//! node gets nothing new.
//!
//! As its worker said last; never stored.

use std::collections::BTreeSet;

use super::State;
use crate::core::id::ById;
use crate::core::{NodeId, TaskId};

/// By node, never empty.
pub(super) type Clearing = ById<NodeId, BTreeSet<(TaskId, u32)>>;

impl State {
    /// How many attempts a node still runs and should not.
    pub fn clearing(&self, node: &NodeId) -> usize {
        self.clearing.get(node).map_or(0, BTreeSet::len)
    }

    /// The worker named everything that goes on there: call it once what it said was decided and
    /// applied. Says whether the node has just become clear.
    pub fn named(&mut self, node: &NodeId, going_on: &[(TaskId, u32)]) -> bool {
        let unwanted = going_on.iter().filter(|(task, attempt)| {
            self.task(task)
                .is_none_or(|task| task.occupies() != Some(node) || task.attempt != *attempt)
        });
        let unwanted: BTreeSet<_> = unwanted.cloned().collect();
        if unwanted.is_empty() || !self.nodes.contains_key(node) {
            return self.clearing.remove(node).is_some();
        }
        self.clearing.insert(node.clone(), unwanted);
        false
    }

    /// The worker said that an attempt has ended there. Says whether the node has just become clear.
    pub fn named_ended(&mut self, node: &NodeId, task: &TaskId, attempt: u32) -> bool {
        let Some(left) = self.clearing.get_mut(node) else {
            return false;
        };
        left.remove(&(task.clone(), attempt));
        left.is_empty() && self.clearing.remove(node).is_some()
    }
}
