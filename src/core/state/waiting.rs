//! Pending tasks by what they ask of a node: those that ask the same fit or do not fit together, so
//! a hundred thousand equal ones are one question.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::Task;
use crate::core::schedule::Asks;

/// Pending tasks by what they ask.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::core) struct Waiting {
    /// Their sequence numbers; never empty.
    groups: BTreeMap<Asks, BTreeSet<u64>>,
    /// The groups by the oldest task in each.
    oldest: BTreeMap<u64, Asks>,
}

impl Waiting {
    pub fn insert(&mut self, task: &Task) {
        let asks = Asks::of(&task.spec);
        let group = self.groups.entry(asks.clone()).or_default();
        let before = group.first().copied();
        group.insert(task.sequence);
        if before.is_none_or(|before| task.sequence < before) {
            if let Some(before) = before {
                self.oldest.remove(&before);
            }
            self.oldest.insert(task.sequence, asks);
        }
    }

    pub fn remove(&mut self, task: &Task) {
        let asks = Asks::of(&task.spec);
        let Some(group) = self.groups.get_mut(&asks) else {
            return;
        };
        group.remove(&task.sequence);
        let next = group.first().copied();
        if next.is_none() {
            self.groups.remove(&asks);
        }
        if self.oldest.remove(&task.sequence).is_some()
            && let Some(next) = next
        {
            self.oldest.insert(next, asks);
        }
    }

    /// How many tasks there are that ask differently.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The oldest task of the first group, and that of the last one.
    pub fn range(&self) -> Option<(u64, u64)> {
        let (first, last) = (self.oldest.first_key_value(), self.oldest.last_key_value());
        Some((*first?.0, *last?.0))
    }

    /// The groups whose oldest task is not older than this, by that.
    pub fn groups_from(&self, sequence: u64) -> impl Iterator<Item = (&Asks, &BTreeSet<u64>)> {
        let oldest = self.oldest.range(sequence..);
        oldest.filter_map(|(_, asks)| self.groups.get_key_value(asks))
    }
}
