//! The nodes that may be given tasks, best first: what `schedule` goes through until one fits.
//!
//! Kept whenever a node's record or what is taken of it changes. What changes without a write (a
//! node falls silent, still has to end what it should not run) is not known here: the filters of
//! `schedule` ask about that, node by node.

use std::collections::BTreeSet;

use super::{State, Usage};
use crate::core::schedule::{Score, Taken};
use crate::core::{Node, NodeId, Strategy};

/// The scores of the nodes that are ready.
pub(super) type Ready = BTreeSet<Score>;

/// The node's place; none: it gets nothing new.
pub(super) fn place_of(
    node: Option<&Node>,
    usage: Option<&Usage>,
    strategy: Strategy,
) -> Option<Score> {
    let node = node.filter(|node| node.is_ready())?;
    let taken = usage.map(Taken::from).unwrap_or_default();
    Some(Score::of(node, &taken, strategy))
}

impl State {
    /// The nodes that may be given tasks, best first.
    pub(in crate::core) fn ready(&self) -> impl Iterator<Item = &Score> {
        self.ready.iter()
    }

    /// Changes what is taken of a node.
    pub(super) fn tally(&mut self, node: &NodeId, change: impl FnOnce(&mut Usage)) {
        if !self.usage.contains_key(node) {
            self.usage.insert(node.clone(), Usage::default());
        }
        let record = self.nodes.get(node).map(AsRef::as_ref);
        let Some(usage) = self.usage.get_mut(node) else {
            return;
        };
        let strategy = self.policy.strategy;
        let before = place_of(record, Some(usage), strategy);
        change(usage);
        let after = place_of(record, Some(usage), strategy);
        if usage.is_empty() && record.is_none() {
            self.usage.remove(node);
        }
        self.reorder(before, after);
    }

    /// A node leaves one place in the order and takes another.
    pub(super) fn reorder(&mut self, before: Option<Score>, after: Option<Score>) {
        if before == after {
            return;
        }
        if let Some(before) = before {
            self.ready.remove(&before);
        }
        if let Some(after) = after {
            self.ready.insert(after);
        }
    }

    /// Where the node is in the order.
    pub(super) fn place_in_order(&self, node: &NodeId) -> Option<Score> {
        let record = self.nodes.get(node).map(AsRef::as_ref);
        place_of(record, self.usage.get(node), self.policy.strategy)
    }
}
