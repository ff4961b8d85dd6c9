//! Pending tasks get nodes, oldest first.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::ops::Bound::{Excluded, Unbounded};

use crate::core::draft::Draft;
use crate::core::schedule::{Asks, room};
use crate::core::{Change, Now, State, transition};

/// So many waiting tasks are told why, for each that may be placed.
const TOLD: usize = 8;

/// Places pending tasks. Bounded work, however many wait: at most `limit` changes, at most `limit`
/// questions that every node refuses, and as many looks at tasks as go with them. Tasks that ask the
/// same are one question; when it is refused all of them are, and those that know another reason
/// are told.
pub fn place(state: &State, now: Now, limit: usize) -> Vec<Change> {
    counted(state, now, limit).0
}

/// The same, and how many tasks were looked at.
pub(super) fn counted(state: &State, now: Now, limit: usize) -> (Vec<Change>, usize) {
    let mut draft = Draft::new(state, now);
    let mut room = room(state, now);
    let from = first(state, now, limit);
    let mut queue = Queue {
        begun: BTreeMap::new(),
        others: state.waiting().groups_from(from).peekable(),
    };
    let (mut looks, mut refused) = (0, 0);
    while draft.len() < limit
        && refused < limit
        && let Some((sequence, group)) = queue.next()
    {
        looks += 1;
        let Some(task) = state.task_at(sequence) else {
            continue;
        };
        match room.place(group.asks, draft.next_sequence()) {
            Ok(node) => {
                transition::schedule(&mut draft, task, &node);
                queue.go_on(sequence, group);
            }
            Err(reason) => {
                refused += 1;
                for sequence in group.left(sequence, now, TOLD * limit) {
                    if draft.len() >= limit || looks >= TOLD * limit {
                        break;
                    }
                    looks += 1;
                    if let Some(task) = state.task_at(sequence) {
                        transition::wait(&mut draft, task, reason.clone());
                    }
                }
            }
        }
    }
    (draft.finish(), looks)
}

/// Where to begin: with the oldest. When more questions wait than one activation may ask, every
/// second one begins somewhere else: many that fit nowhere must not hide one that does.
fn first(state: &State, now: Now, limit: usize) -> u64 {
    match state.waiting().range() {
        Some(range) if state.waiting().groups() > limit && now.random % 2 == 1 => {
            somewhere(range, now)
        }
        Some(_) | None => 0,
    }
}

fn somewhere((oldest, youngest): (u64, u64), now: Now) -> u64 {
    oldest + now.random / 2 % (youngest - oldest + 1)
}

/// Tasks that ask the same.
#[derive(Clone, Copy)]
struct Group<'a> {
    asks: &'a Asks,
    tasks: &'a BTreeSet<u64>,
}

impl Group<'_> {
    /// This task and those after it; from somewhere on when there are more than can be looked at.
    fn left(&self, first: u64, now: Now, most: usize) -> impl Iterator<Item = u64> {
        let last = self.tasks.last().copied().unwrap_or(first);
        let from = match self.tasks.len() > most {
            true => somewhere((first, last), now),
            false => first,
        };
        let (after, before) = (self.tasks.range(from..), self.tasks.range(first..from));
        after.chain(before).copied()
    }
}

/// What waits, oldest first: the next task of each group that is being placed, and the groups that
/// are not begun.
struct Queue<'a, I: Iterator<Item = (&'a Asks, &'a BTreeSet<u64>)>> {
    begun: BTreeMap<u64, Group<'a>>,
    others: Peekable<I>,
}

impl<'a, I: Iterator<Item = (&'a Asks, &'a BTreeSet<u64>)>> Queue<'a, I> {
    fn next(&mut self) -> Option<(u64, Group<'a>)> {
        let other = self.others.peek().and_then(|(_, tasks)| tasks.first());
        let begun = self.begun.first_key_value().map(|(sequence, _)| sequence);
        match (begun, other) {
            (Some(begun), Some(other)) if begun < other => self.begun.pop_first(),
            (_, Some(other)) => {
                let sequence = *other;
                let (asks, tasks) = self.others.next()?;
                Some((sequence, Group { asks, tasks }))
            }
            (_, None) => self.begun.pop_first(),
        }
    }

    /// This task of the group is placed: the next one is the group's.
    fn go_on(&mut self, placed: u64, group: Group<'a>) {
        if let Some(next) = group.tasks.range((Excluded(placed), Unbounded)).next() {
            self.begun.insert(*next, group);
        }
    }
}
