//! The nodes with what is taken of them, also by what the same decision has just placed.
//!
//! Goes through the state's nodes in the order of their scores, and copies only those it has to look
//! at: a task that fits on the first costs the same whether there are ten nodes or ten thousand. What
//! the decision itself places lies over the state, which is neither changed nor copied.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use super::Asks;
use super::explain::explain;
use super::filter;
use super::score::{Score, Taken};
use crate::core::reconcile::liveness;
use crate::core::{HostPort, Node, NodeId, Now, State};

/// The nodes with what is taken of them; `I` are the scores of those that are ready, best first.
pub struct Room<'a, I: Iterator<Item = &'a Score>> {
    state: &'a State,
    now: Now,
    /// Not looked at yet.
    rest: Peekable<I>,
    /// Looked at.
    seen: Vec<Candidate<'a>>,
    /// Those of them that take something, best first, by their place in `seen`.
    order: BTreeMap<Score, usize>,
    /// Whether all nodes were looked at, also those that are not ready.
    complete: bool,
}

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

/// The nodes as the state knows them.
pub fn room<'a>(state: &'a State, now: Now) -> Room<'a, impl Iterator<Item = &'a Score>> {
    Room {
        state,
        now,
        rest: state.ready().peekable(),
        seen: vec![],
        order: BTreeMap::new(),
        complete: false,
    }
}

impl<'a, I: Iterator<Item = &'a Score>> Room<'a, I> {
    /// Chooses a node and takes the room there; `placement` is the number of the event that says
    /// so. When no node can: why.
    pub fn place(&mut self, asks: &Asks, placement: u64) -> Result<NodeId, String> {
        match self.best(asks) {
            Some((score, at)) => Ok(self.take(&score, at, asks, placement)),
            None => {
                self.look_at_the_others();
                Err(explain(&self.seen, asks))
            }
        }
    }

    /// How many nodes were looked at.
    #[cfg(test)]
    pub fn seen(&self) -> usize {
        self.seen.len()
    }

    /// The first node, in the order of scores, that no filter refuses.
    fn best(&mut self, asks: &Asks) -> Option<(Score, usize)> {
        let mut last: Option<Score> = None;
        loop {
            let (score, at) = self.after(last.as_ref())?;
            if filter::refusing(&self.seen[at], asks).is_none() {
                return Some((score, at));
            }
            last = Some(score);
        }
    }

    /// The next node in the order of scores that may take something.
    fn after(&mut self, last: Option<&Score>) -> Option<(Score, usize)> {
        loop {
            let from = last.map_or(Unbounded, Excluded);
            let seen = self.order.range((from, Unbounded)).next();
            let Some(unseen) = self.rest.peek() else {
                return seen.map(|(score, at)| (score.clone(), *at));
            };
            match seen {
                Some((score, at)) if score < *unseen => return Some((score.clone(), *at)),
                Some(_) | None => self.look_at_one_more(),
            }
        }
    }

    fn look_at_one_more(&mut self) {
        let Some(score) = self.rest.next() else {
            return;
        };
        let Some(node) = self.state.node(score.node()) else {
            return;
        };
        let candidate = Candidate::of(self.state, node, self.now);
        // Whoever can't take a task that asks for nothing takes none in this decision.
        if filter::refusing(&candidate, &Asks::default()).is_none() {
            self.order.insert(score.clone(), self.seen.len());
        }
        self.seen.push(candidate);
    }

    fn look_at_the_others(&mut self) {
        if !self.complete {
            self.complete = true;
            let (state, now) = (self.state, self.now);
            let others = state.nodes().filter(|node| !node.is_ready());
            self.seen
                .extend(others.map(|node| Candidate::of(state, node, now)));
        }
    }

    fn take(&mut self, score: &Score, at: usize, asks: &Asks, placement: u64) -> NodeId {
        let candidate = &mut self.seen[at];
        candidate.take(asks, placement);
        let strategy = self.state.policy().strategy;
        let after = Score::of(candidate.node, &candidate.taken, strategy);
        let node = candidate.node.id.clone();
        self.order.remove(score);
        self.order.insert(after, at);
        node
    }
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
