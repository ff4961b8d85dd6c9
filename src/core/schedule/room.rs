//! The nodes with what is taken of them, also by what the same decision has just placed.
//!
//! Built once for a decision, so that placing many tasks neither changes nor copies the state.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Asks;
use super::explain::explain;
use super::filter;
use super::score::Score;
use crate::core::reconcile::liveness;
use crate::core::{HostPort, Node, NodeId, Now, State, Strategy};

/// The nodes with what is taken of them.
pub struct Room<'a> {
    strategy: Strategy,
    candidates: Vec<Candidate<'a>>,
}

/// A node with what is taken of it.
pub struct Candidate<'a> {
    pub node: &'a Arc<Node>,
    /// Without contact for longer than a node that is well ever is, though not lost yet.
    pub silent: bool,
    pub slots: u32,
    pub cpu_millicores: u64,
    pub memory_bytes: u64,
    pub last_placement: u64,
    /// Attempts it still runs and should not.
    pub clearing: usize,
    ports: Option<&'a BTreeSet<HostPort>>,
    more_ports: Vec<HostPort>,
}

impl<'a> Room<'a> {
    pub fn of(state: &'a State, now: Now) -> Self {
        Self {
            strategy: state.policy().strategy,
            candidates: state
                .nodes()
                .map(|node| Candidate::of(state, node, now))
                .collect(),
        }
    }

    /// Chooses a node and takes the room there; `placement` is the number of the event that says
    /// so. When no node can: why.
    pub fn place(&mut self, asks: &Asks, placement: u64) -> Result<NodeId, String> {
        let best = self
            .candidates
            .iter_mut()
            .filter(|candidate| filter::refusing(candidate, asks).is_none())
            .min_by_key(|candidate| Score::of(candidate, asks, self.strategy));
        match best {
            Some(candidate) => {
                candidate.take(asks, placement);
                Ok(candidate.node.id.clone())
            }
            None => Err(explain(&self.candidates, asks)),
        }
    }
}

impl<'a> Candidate<'a> {
    fn of(state: &'a State, node: &'a Arc<Node>, now: Now) -> Self {
        let usage = state.usage(&node.id);
        let longest_gap_ms = state.policy().longest_gap_ms();
        // One that registers this very moment had no contact yet.
        let silent = state
            .last_contact(&node.id)
            .is_some_and(|contact| liveness::silence_ms(contact, now) >= longest_gap_ms);
        Self {
            node,
            silent,
            slots: usage.map_or(0, |usage| usage.slots),
            cpu_millicores: usage.map_or(0, |usage| usage.cpu_millicores),
            memory_bytes: usage.map_or(0, |usage| usage.memory_bytes),
            last_placement: usage.map_or(0, |usage| usage.last_placement),
            clearing: state.clearing(&node.id),
            ports: usage.map(|usage| &usage.ports),
            more_ports: vec![],
        }
    }

    fn take(&mut self, asks: &Asks, placement: u64) {
        self.slots += 1;
        self.cpu_millicores += asks.requests.cpu_millicores;
        self.memory_bytes += asks.requests.memory_bytes;
        self.last_placement = placement;
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
