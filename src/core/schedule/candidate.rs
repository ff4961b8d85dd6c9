//! One node as the filters see it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Asks;
use super::score::Taken;
use crate::core::reconcile::liveness;
use crate::core::{HostPort, Node, Now, State};

/// A node with what is taken of it.
pub struct Candidate<'a> {
    pub node: &'a Arc<Node>,
    /// Without contact for longer than a node that is well ever is, though not lost yet.
    pub silent: bool,
    pub taken: Taken,
    /// Attempts it still runs and should not.
    pub clearing: usize,
    ports: Option<&'a BTreeSet<HostPort>>,
    more_ports: Vec<HostPort>,
}

impl<'a> Candidate<'a> {
    pub fn of(state: &'a State, node: &'a Arc<Node>, now: Now) -> Self {
        let usage = state.usage(&node.id);
        let longest_gap_ms = state.policy().longest_gap_ms();
        // One that registers this very moment had no contact yet.
        let silent = state
            .last_contact(&node.id)
            .is_some_and(|contact| liveness::silence_ms(contact, now) >= longest_gap_ms);
        Self {
            node,
            silent,
            taken: usage.map(Taken::from).unwrap_or_default(),
            clearing: state.clearing(&node.id),
            ports: usage.map(|usage| &usage.ports),
            more_ports: vec![],
        }
    }

    pub fn take(&mut self, asks: &Asks, placement: u64) {
        self.taken.slots += 1;
        self.taken.cpu_millicores += asks.requests.cpu_millicores;
        self.taken.memory_bytes += asks.requests.memory_bytes;
        self.taken.last_placement = placement;
        self.more_ports.extend_from_slice(&asks.ports);
    }

    /// The first of these ports that can't be had here.
    pub fn clash<'p>(&self, ports: &'p [HostPort]) -> Option<&'p HostPort> {
        ports.iter().find(|port| {
            let taken = self.ports.into_iter().flatten();
            taken
                .chain(&self.more_ports)
                .any(|taken| taken.clashes_with(port))
        })
    }
}
