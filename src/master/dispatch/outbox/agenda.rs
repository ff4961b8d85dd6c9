//! When to look at which lane: what is due is found without a look at all of thousands of lanes.

use std::collections::{BTreeSet, HashMap};

use super::Lane;
use crate::core::{Monotonic, NodeId};

type Key = (NodeId, Lane);

/// When to look at which lane, each once at most.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    entries: BTreeSet<(Monotonic, Key)>,
    at: HashMap<Key, Monotonic>,
}

impl Agenda {
    /// Look at this lane then, and not before; none: not at all.
    pub fn plan(&mut self, lane: Key, at: Option<Monotonic>) {
        self.strike(&lane);
        if let Some(at) = at {
            self.at.insert(lane.clone(), at);
            self.entries.insert((at, lane));
        }
    }

    /// Look at this lane then, if not before.
    pub fn not_later(&mut self, lane: Key, at: Monotonic) {
        if self.at.get(&lane).is_none_or(|planned| at < *planned) {
            self.plan(lane, Some(at));
        }
    }

    /// Do not look at this lane.
    pub fn strike(&mut self, lane: &Key) {
        if let Some((lane, at)) = self.at.remove_entry(lane) {
            self.entries.remove(&(at, lane));
        }
    }

    /// The lanes to be looked at by now, by when that was to be, each of which is struck.
    pub fn take(&mut self, now: Monotonic) -> Vec<Key> {
        let mut due = vec![];
        while let Some((at, _)) = self.entries.first()
            && *at <= now
            && let Some((_, lane)) = self.entries.pop_first()
        {
            self.at.remove(&lane);
            due.push(lane);
        }
        due
    }

    /// When the first lane is to be looked at.
    pub fn first(&self) -> Option<Monotonic> {
        self.entries.first().map(|(at, _)| *at)
    }
}
