//! What is still to be told to which worker: a pure queue.
//!
//! Fed with committed changes, so it only ever holds what is durable. Of each task it keeps the
//! newest order and no other: an order that is no longer current disappears with the change that
//! overtook it, also in the middle of its retries.
//!
//! ```text
//!            committed            due               settled
//!  (nothing) ─────────► waiting ────────► in flight ────────► told
//!                          ▲                  │
//!                          └──────────────────┘  failed: back-off; overtaken: the newer one
//! ```
//!
//! Each node has two lanes with one request in flight each: orders, which a worker only notes, and
//! removals of containers, which take the engine seconds and must not hold up a start.

mod agenda;
mod queue;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use agenda::Agenda;
use queue::{Item, Queue};

use crate::backoff::Backoff;
use crate::core::reconcile::{Order, StopOrder, order};
use crate::core::{Change, Monotonic, NodeId, Task, TaskId, Write};

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(200),
    most: Duration::from_secs(5),
};
/// A removal that failed so often is left to the heartbeat, which finds the container too.
const REMOVAL_TRIES: u32 = 8;

/// What a worker is told about one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Run this attempt.
    Run(Arc<Task>),
    /// Stop this attempt.
    Stop(StopOrder),
    /// Remove its container: the task has ended and is gone.
    Remove(TaskId),
}

/// Which kind of request, of which one is in flight per node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// `run` and `stop`: noted at once.
    Orders,
    /// Removals: the engine takes its time.
    Removals,
}

/// What goes to a node in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// To which node.
    pub node: NodeId,
    /// Its lane.
    pub lane: Lane,
    /// When.
    pub sent_at: Monotonic,
    /// Several runs, or one other message; each with its ticket for [`Outbox::settle`].
    pub messages: Vec<(Ticket, Message)>,
}

/// Names one message of a parcel: the task's sequence number, and which of its orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u64, u64);

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The worker took it, or never will: not to be sent again.
    Settled,
    /// The worker refused it for now.
    Refused,
    /// The worker was not reached, or not asked any more.
    NotReached,
}

/// What is still to be told to which worker.
#[derive(Debug, Default)]
pub struct Outbox {
    lanes: BTreeMap<(NodeId, Lane), Queue>,
    /// When to look at which lane: at each that has something to send and nothing in flight, never
    /// too late.
    agenda: Agenda,
    waits_in: HashMap<u64, (NodeId, Lane)>,
    /// What was told of tasks whose order stands: it is not told again.
    told: HashMap<u64, (u32, Order)>,
    last_ticket: u64,
}

impl Outbox {
    /// Notes a committed change.
    pub fn committed(&mut self, change: &Change) {
        match &change.write {
            Write::PutTask(task) => self.put(task),
            Write::RemoveTask(task) => self.removed(task),
            Write::RemoveNode(node) => self.drop_node(node),
            Write::PutNode(_) | Write::SetBrake(_) => {}
        }
    }

    /// Notes a task as it is now: what its node is to be told replaces what it was to be told.
    pub fn put(&mut self, task: &Arc<Task>) {
        let order = order(task);
        let (Some(order), Some(node)) = (order, &task.node) else {
            self.forget(task.sequence);
            self.told.remove(&task.sequence);
            return;
        };
        let telling = (task.attempt, order);
        if self.told.get(&task.sequence) == Some(&telling) {
            self.forget(task.sequence);
            return;
        }
        let message = match &telling.1 {
            Order::Run => Message::Run(task.clone()),
            Order::Stop(stop) => Message::Stop(stop.clone()),
        };
        let lane = (node.clone(), Lane::Orders);
        self.insert(lane, task.sequence, message, Some(telling));
    }

    fn removed(&mut self, task: &Arc<Task>) {
        self.forget(task.sequence);
        self.told.remove(&task.sequence);
        if let Some(node) = &task.node {
            let lane = (node.clone(), Lane::Removals);
            self.insert(lane, task.sequence, Message::Remove(task.id.clone()), None);
        }
    }

    fn insert(
        &mut self,
        lane: (NodeId, Lane),
        sequence: u64,
        message: Message,
        told: Option<(u32, Order)>,
    ) {
        if let Some(waiting) = self.waiting(sequence)
            && waiting.told == told
            && told.is_some()
        {
            // The same order, still on its way: it keeps its back-off, and carries the news.
            waiting.message = message;
            return;
        }
        self.forget(sequence);
        self.last_ticket += 1;
        let item = Item {
            ticket: Ticket(sequence, self.last_ticket),
            message,
            told,
            failures: 0,
            not_before: Monotonic::default(),
        };
        self.waits_in.insert(sequence, lane.clone());
        let queue = self.lanes.entry(lane.clone()).or_default();
        queue.items.insert(sequence, item);
        if queue.in_flight.is_none() {
            self.agenda.not_later(lane, queue.not_before);
        }
    }

    fn waiting(&mut self, sequence: u64) -> Option<&mut Item> {
        let lane = self.waits_in.get(&sequence)?;
        self.lanes.get_mut(lane)?.items.get_mut(&sequence)
    }

    fn forget(&mut self, sequence: u64) -> Option<Item> {
        let lane = self.waits_in.remove(&sequence)?;
        let queue = self.lanes.get_mut(&lane)?;
        let item = queue.items.remove(&sequence);
        if queue.items.is_empty() && queue.in_flight.is_none() && queue.failures == 0 {
            self.lanes.remove(&lane);
            self.agenda.strike(&lane);
        }
        item
    }

    /// The node is gone or offline: when it is back, its heartbeat brings everything up again.
    pub fn drop_node(&mut self, node: &NodeId) {
        for lane in [Lane::Orders, Lane::Removals] {
            let lane = (node.clone(), lane);
            self.agenda.strike(&lane);
            if let Some(queue) = self.lanes.remove(&lane) {
                for sequence in queue.items.keys() {
                    self.waits_in.remove(sequence);
                }
            }
        }
    }

    /// What can go out now; each lane of each node that is in it counts as in flight from now on.
    pub fn due(&mut self, now: Monotonic) -> Vec<Parcel> {
        let mut parcels = vec![];
        for lane in self.agenda.take(now) {
            let Some(queue) = self.lanes.get_mut(&lane) else {
                continue;
            };
            let messages = queue.next(now);
            match messages.first() {
                Some((first, _)) => {
                    queue.in_flight = Some(first.1);
                    let (node, lane) = lane;
                    parcels.push(Parcel {
                        node,
                        lane,
                        sent_at: now,
                        messages,
                    });
                }
                // What was due has been forgotten since.
                None => self.agenda.plan(lane, queue.due()),
            }
        }
        parcels
    }

    /// When something may be due that is not in flight; none: not before the next change.
    pub fn next_due(&self) -> Option<Monotonic> {
        self.agenda.first()
    }

    /// A parcel's request has ended.
    pub fn settle(
        &mut self,
        node: &NodeId,
        lane: Lane,
        outcomes: &[(Ticket, Outcome)],
        now: Monotonic,
        random: u64,
    ) {
        let key = (node.clone(), lane);
        let Some(queue) = self.lanes.get_mut(&key) else {
            return;
        };
        if !outcomes.iter().any(|o| Some(o.0.1) == queue.in_flight) {
            // Sent before the lane was dropped and made anew: this one's request is still on its way.
            return;
        }
        queue.in_flight = None;
        if outcomes.iter().any(|(_, o)| *o == Outcome::NotReached) {
            queue.failures += 1;
            queue.not_before = later(now, BACKOFF.wait(queue.failures, random));
        } else {
            queue.failures = 0;
        }
        for (ticket, outcome) in outcomes {
            let Some(item) = queue.items.get_mut(&ticket.0) else {
                continue;
            };
            if item.ticket != *ticket {
                // Overtaken while it was in flight: the newer order is still to be sent.
                continue;
            }
            if *outcome != Outcome::Settled {
                item.failures += 1;
            }
            if *outcome == Outcome::Refused {
                item.not_before = later(now, BACKOFF.wait(item.failures, random));
            }
            let given_up =
                matches!(item.message, Message::Remove(_)) && item.failures >= REMOVAL_TRIES;
            if *outcome == Outcome::Settled || given_up {
                if let Some(item) = queue.items.remove(&ticket.0)
                    && let Some(told) = item.told
                {
                    self.told.insert(ticket.0, told);
                }
                self.waits_in.remove(&ticket.0);
            }
        }
        let due = queue.due();
        if queue.items.is_empty() && queue.failures == 0 {
            self.lanes.remove(&key);
        }
        self.agenda.plan(key, due);
    }
}

fn later(now: Monotonic, wait: Duration) -> Monotonic {
    Monotonic(now.0 + wait.as_millis() as u64)
}
