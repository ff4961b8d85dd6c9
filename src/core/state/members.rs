//! The nodes by their ids, each with when it was last in touch: what a heartbeat asks for, in one search
//! that does not go through other nodes' ids. In the order of their ids they are in `State::nodes`.

use std::sync::Arc;

use super::{Contact, State};
use crate::core::id::ById;
use crate::core::{Node, NodeId};

/// A node, and what is known about it that is not in its record.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub node: Arc<Node>,
    /// None: nobody was in touch yet, or it does not count any more.
    pub contact: Option<Contact>,
}

pub(super) type Members = ById<NodeId, Member>;

/// Whether its record says something that ends by itself: it is drained, or can't be reached.
fn is_watched(node: &Node) -> bool {
    node.drain.is_some() || node.unreachable.is_some()
}

impl State {
    /// All nodes somebody was in touch with, in no order: for a look at all contacts that leaves the
    /// records where they are.
    pub fn contacts(&self) -> impl Iterator<Item = (&NodeId, &Contact)> {
        let members = self.members.iter();
        members.filter_map(|(id, member)| Some((id, member.contact.as_ref()?)))
    }

    /// The nodes that have to be looked at however they are heard, by id: those that are drained, and
    /// those that are unreachable.
    pub fn watched(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.watched.iter().filter_map(|id| self.node(id))
    }

    /// The node's record is new, or another one.
    pub(super) fn join_members(&mut self, node: &Arc<Node>) {
        if is_watched(node) {
            self.watched.insert(node.id.clone());
        } else {
            self.watched.remove(&node.id);
        }
        match self.members.get_mut(&node.id) {
            Some(member) => member.node = node.clone(),
            None => {
                let (node, contact) = (node.clone(), None);
                self.members
                    .insert(node.id.clone(), Member { node, contact });
            }
        }
    }

    pub(super) fn leave_members(&mut self, id: &NodeId) {
        self.watched.remove(id);
        self.members.remove(id);
    }

    /// See [`State::check`].
    pub(super) fn check_members(&self) -> Result<(), String> {
        let same = |node: &Arc<Node>| {
            let member = self.members.get(&node.id);
            let is_same = member.is_some_and(|member| Arc::ptr_eq(&member.node, node));
            is_same && self.watched.contains(&node.id) == is_watched(node)
        };
        if let Some(node) = self.nodes.values().find(|node| !same(node)) {
            return Err(format!("node {}: found by its id it is another", node.id));
        }
        let known = |id: &NodeId| self.nodes.contains_key(id);
        match self
            .members
            .keys()
            .chain(&self.watched)
            .find(|id| !known(id))
        {
            Some(id) => Err(format!("node {id}: gone, and still found by its id")),
            None => Ok(()),
        }
    }
}
