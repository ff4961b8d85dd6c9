//! The nodes by their ids, each with when it was last in touch: what a heartbeat asks for, in one search
//! that does not go through other nodes' ids. In the order of their ids they are in `State::nodes`.

use std::sync::Arc;

use super::{Contact, State};
use crate::core::id::ById;
use crate::core::{Node, NodeId};

/// A node, and what is known about it that is not in its record.
#[derive(Debug, Clone)]
pub(in crate::core) struct Member {
    pub node: Arc<Node>,
    /// None: nobody was in touch yet, or it does not count any more.
    pub contact: Option<Contact>,
    /// Its record says something that ends by itself, so it has to be looked at however it is heard: it is
    /// drained, or can't be reached.
    pub watched: bool,
}

impl Member {
    fn new(node: &Arc<Node>, contact: Option<Contact>) -> Self {
        Self {
            node: node.clone(),
            contact,
            watched: node.drain.is_some() || node.unreachable.is_some(),
        }
    }
}

pub(super) type Members = ById<NodeId, Member>;

impl State {
    /// All nodes, in no order: for a look that leaves most of their records where they are.
    pub(in crate::core) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// The node's record is new, or another one.
    pub(super) fn join_members(&mut self, node: &Arc<Node>) {
        let known = self.members.get(&node.id);
        let contact = known.and_then(|member| member.contact);
        let member = Member::new(node, contact);
        self.members.insert(node.id.clone(), member);
    }

    /// See [`State::check`].
    pub(super) fn check_members(&self) -> Result<(), String> {
        for node in self.nodes.values() {
            let member = self.members.get(&node.id);
            let Some(member) = member.filter(|member| Arc::ptr_eq(&member.node, node)) else {
                return Err(format!("node {}: found by its id it is another", node.id));
            };
            if member.watched != Member::new(node, None).watched {
                return Err(format!("node {}: watched is {}", node.id, member.watched));
            }
        }
        match self.members.len() == self.nodes.len() {
            true => Ok(()),
            false => Err("a node that is gone is still found by its id".into()),
        }
    }
}
