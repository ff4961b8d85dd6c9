//! The nodes that may be given tasks, best first: what `schedule` goes through until one fits.
//!
//! Kept whenever a node's record or what is taken of it changes. What changes without a write (a
//! node falls silent, still has to end what it should not run) is not known here: the filters of
//! `schedule` ask about that, node by node.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{State, Usage};
use crate::core::schedule::{Score, Taken};
use crate::core::{Node, NodeId, Strategy};

/// The nodes that are ready, by their scores.
pub(super) type Ready = BTreeMap<Score, Arc<Node>>;

/// The node's place; none: it gets nothing new.
fn place_of(node: &Node, usage: Option<&Usage>, strategy: Strategy) -> Option<Score> {
    let taken = usage.map(Taken::from).unwrap_or_default();
    node.is_ready().then(|| Score::of(node, &taken, strategy))
}

impl State {
    /// The nodes that may be given tasks, best first.
    pub(in crate::core) fn ready(&self) -> impl Iterator<Item = (&Score, &Arc<Node>)> {
        self.ready.iter()
    }

    /// Changes what is taken of a node, and with it where the node is in the order.
    pub(super) fn tally(&mut self, id: &NodeId, change: impl FnOnce(&mut Usage)) {
        let usage = self.usage.entry(id.clone()).or_default();
        let Some(node) = self.nodes.get(id) else {
            change(usage);
            if usage.is_empty() {
                self.usage.remove(id);
            }
            return;
        };
        let strategy = self.policy.strategy;
        let before = place_of(node, Some(usage), strategy);
        change(usage);
        let after = place_of(node, Some(usage), strategy);
        if before != after
            && let (Some(before), Some(after)) = (before, after)
            && let Some(node) = self.ready.remove(&before)
        {
            self.ready.insert(after, node);
        }
    }

    /// The node leaves the order: before its record changes or goes.
    pub(super) fn leave_order(&mut self, id: &NodeId) {
        if let Some(node) = self.nodes.get(id)
            && let Some(score) = place_of(node, self.usage.get(id), self.policy.strategy)
        {
            self.ready.remove(&score);
        }
    }

    /// The node takes its place in the order, when it is ready.
    pub(super) fn join_order(&mut self, node: &Arc<Node>) {
        let usage = self.usage.get(&node.id);
        if let Some(score) = place_of(node, usage, self.policy.strategy) {
            self.ready.insert(score, node.clone());
        }
    }

    /// The order as it should be.
    pub(super) fn counted_order(&self) -> Ready {
        let strategy = self.policy.strategy;
        let place = |node: &Arc<Node>| place_of(node, self.usage.get(&node.id), strategy);
        let nodes = self.nodes.values();
        nodes
            .filter_map(|node| Some((place(node)?, node.clone())))
            .collect()
    }
}
