//! The wall clock beside the monotonic one: what it was when, and when somebody set it.
//!
//! Deadlines and ends of tasks are stored as wall-clock times, because only those mean something
//! after a restart. Within one life of the master they count by the monotonic clock: a wall clock
//! that is set an hour forth must neither end drains nor make what has just ended old.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::core::{DrainState, Monotonic, Node, NodeId, Now, Timestamp};

/// Between two looks the two clocks may drift apart so far: more means that one was set.
const DRIFT_MS: i64 = 1_000;

/// The nodes are looked at every second at least. After so long without a look the master itself stood still.
const STANDSTILL_MS: u64 = 3_000;

/// What is known about the wall clock. Never stored.
#[derive(Debug, Clone, Default)]
pub(super) struct Hands {
    last: Option<Now>,
    /// When it was set forth, and by how many milliseconds.
    set_forth: Vec<(Monotonic, i64)>,
    drains: HashMap<NodeId, (DrainState, Monotonic)>,
    changed: HashSet<NodeId>,
}

impl Hands {
    /// The node's record was written: its drain may be another one.
    pub fn changed(&mut self, node: &NodeId) {
        self.changed.insert(node.clone());
    }

    /// How long nothing was looked at, when that is longer than it ever should be; else 0.
    pub fn standstill_ms(&self, now: Now) -> u64 {
        let ms = self.last.map_or(0, |last| now.mono.since_ms(last.mono));
        if ms >= STANDSTILL_MS { ms } else { 0 }
    }

    /// This moment, in which all that was applied was decided.
    pub fn look(&mut self, now: Now, ttl_ms: u64, nodes: &BTreeMap<NodeId, Arc<Node>>) {
        if let Some(last) = self.last.replace(now) {
            let ran_ms = signed(now.mono.since_ms(last.mono));
            let set_ms = now
                .wall
                .0
                .saturating_sub(last.wall.0)
                .saturating_sub(ran_ms);
            if set_ms > DRIFT_MS {
                self.set_forth.push((now.mono, set_ms));
            }
            self.set_forth
                .retain(|(at, _)| now.mono.since_ms(*at) < ttl_ms);
        }
        for id in std::mem::take(&mut self.changed) {
            let drain = nodes.get(&id).and_then(|node| node.drain);
            match drain {
                Some(drain)
                    if self
                        .drains
                        .get(&id)
                        .is_some_and(|(known, _)| *known == drain) => {}
                Some(drain) => {
                    let left_ms = drain.deadline.0.saturating_sub(now.wall.0).max(0);
                    let due = Monotonic(now.mono.0.saturating_add(left_ms.unsigned_abs()));
                    self.drains.insert(id, (drain, due));
                }
                None => drop(self.drains.remove(&id)),
            }
        }
    }

    /// See [`super::State::cautious_wall`]: what ended before the clock was set forth is not older
    /// than it was. When that is as long ago as ended tasks are kept, all is said by the new time.
    pub fn cautious_wall(&self, now: Now, ttl_ms: u64) -> Timestamp {
        let lately = |at: Monotonic| now.mono.since_ms(at) < ttl_ms;
        let set = self.set_forth.iter().filter(|(at, _)| lately(*at));
        let set_ms = set.fold(0_i64, |sum, (_, ms)| sum.saturating_add(*ms));
        Timestamp(now.wall.0.saturating_sub(set_ms))
    }

    /// See [`super::State::is_drain_due`].
    pub fn is_drain_due(&self, node: &Node, now: Now) -> bool {
        let Some(drain) = node.drain else {
            return false;
        };
        match self.drains.get(&node.id) {
            Some((known, due)) if *known == drain => *due <= now.mono,
            // Decided this very moment.
            Some(_) | None => drain.deadline <= now.wall,
        }
    }
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
