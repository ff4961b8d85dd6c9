//! The nodes with what is taken of them, also by what the same decision has just placed.
//!
//! Goes through the state's nodes in the order of their scores, and copies only those it has to look
//! at: a task that fits on the first costs the same whether there are ten nodes or ten thousand. What
//! the decision itself places lies over the state, which is neither changed nor copied.
//!
//! Within a decision room only gets less: a node that refuses some asks refuses them to the end. So
//! each node is asked once by tasks that ask the same, however many they are.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use super::Asks;
use super::candidate::Candidate;
use super::explain::explain;
use super::filter;
use super::score::Score;
use crate::core::{Node, NodeId, Now, State};

/// A node that may be given tasks, with its score.
type Ready<'a> = (&'a Score, &'a Arc<Node>);

/// The nodes with what is taken of them; `I` are those that are ready, best first.
pub struct Room<'a, I: Iterator<Item = Ready<'a>>> {
    state: &'a State,
    now: Now,
    /// Not looked at yet.
    rest: Peekable<I>,
    /// Looked at.
    seen: Vec<Candidate<'a>>,
    /// Those of them that take something, best first, by their place in `seen`.
    order: BTreeMap<Score, usize>,
    /// Only of those that some node refuses.
    searches: BTreeMap<Asks, Search>,
    /// Whether all nodes were looked at, also those that are not ready.
    complete: bool,
}

/// How far those who ask the same have come.
#[derive(Default)]
struct Search {
    /// The nodes up to this score refuse them,
    refused_to: Option<Score>,
    /// but for these, which came there when they were given something (bin-packing).
    ahead: BTreeMap<Score, usize>,
}

/// The nodes as the state knows them.
pub fn room<'a>(state: &'a State, now: Now) -> Room<'a, impl Iterator<Item = Ready<'a>>> {
    Room {
        state,
        now,
        rest: state.ready().peekable(),
        seen: vec![],
        order: BTreeMap::new(),
        searches: BTreeMap::new(),
        complete: false,
    }
}

impl<'a, I: Iterator<Item = Ready<'a>>> Room<'a, I> {
    /// Chooses a node and takes the room there; `placement` is the number of the event that says
    /// so. When no node can: why.
    pub fn place(&mut self, asks: &Asks, placement: u64) -> Result<NodeId, String> {
        let mut search = self.searches.remove(asks).unwrap_or_default();
        let best = self.best(asks, &mut search);
        if search.refused_to.is_some() {
            self.searches.insert(asks.clone(), search);
        }
        match best {
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
    fn best(&mut self, asks: &Asks, search: &mut Search) -> Option<(Score, usize)> {
        while let Some((score, at)) = search.ahead.pop_first() {
            if filter::refusing(&self.seen[at], asks).is_none() {
                search.ahead.insert(score.clone(), at);
                return Some((score, at));
            }
        }
        loop {
            let (score, at) = self.after(search.refused_to.as_ref())?;
            if filter::refusing(&self.seen[at], asks).is_none() {
                return Some((score, at));
            }
            search.refused_to = Some(score);
        }
    }

    /// The next node in the order of scores that may take something.
    fn after(&mut self, last: Option<&Score>) -> Option<(Score, usize)> {
        loop {
            let from = last.map_or(Unbounded, Excluded);
            let seen = self.order.range((from, Unbounded)).next();
            let Some((unseen, _)) = self.rest.peek() else {
                return seen.map(|(score, at)| (score.clone(), *at));
            };
            match seen {
                Some((score, at)) if score < *unseen => return Some((score.clone(), *at)),
                Some(_) | None => self.look_at_one_more(),
            }
        }
    }

    fn look_at_one_more(&mut self) {
        let Some((score, node)) = self.rest.next() else {
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

    fn take(&mut self, before: &Score, at: usize, asks: &Asks, placement: u64) -> NodeId {
        let candidate = &mut self.seen[at];
        candidate.take(asks, placement);
        let strategy = self.state.policy().strategy;
        let after = Score::of(candidate.node, &candidate.taken, strategy);
        let node = candidate.node.id.clone();
        for search in self.searches.values_mut() {
            search.moved(before, &after, at);
        }
        self.order.remove(before);
        self.order.insert(after, at);
        node
    }
}

impl Search {
    /// A node was given something, and has another score now.
    fn moved(&mut self, before: &Score, after: &Score, at: usize) {
        let refused = |score: &Score| self.refused_to.as_ref().is_some_and(|to| score <= to);
        let (was_refused, is_there) = (refused(before), refused(after));
        let was_ahead = self.ahead.remove(before).is_some();
        if is_there && (was_ahead || !was_refused) {
            self.ahead.insert(after.clone(), at);
        }
    }
}
