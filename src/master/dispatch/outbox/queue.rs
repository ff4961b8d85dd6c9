//! What is still to be told to one node, in one lane.

use std::collections::BTreeMap;

use super::{Message, Ticket};
use crate::core::Monotonic;
use crate::core::reconcile::Order;

/// How many `run` orders go into one request.
pub(super) const BATCH: usize = 32;

/// What waits in a lane.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub items: BTreeMap<u64, Item>,
    /// The ticket of the first message that is in flight.
    pub in_flight: Option<u64>,
    pub failures: u32,
    pub not_before: Monotonic,
}

/// A message that waits or is in flight.
#[derive(Debug)]
pub(super) struct Item {
    pub ticket: Ticket,
    pub message: Message,
    pub told: Option<(u32, Order)>,
    pub failures: u32,
    pub not_before: Monotonic,
}

impl Queue {
    /// When something is to be sent; none: nothing waits, or a request is in flight.
    pub fn due(&self) -> Option<Monotonic> {
        let first = self.items.values().map(|item| item.not_before).min()?;
        let idle = self.in_flight.is_none();
        idle.then(|| first.max(self.not_before))
    }

    /// Who waits longest goes first: alone, or when it is a run with the other runs.
    pub fn next(&self, now: Monotonic) -> Vec<(Ticket, Message)> {
        let due = || self.items.values().filter(|item| item.not_before <= now);
        let Some(first) = due().min_by_key(|item| item.ticket.1) else {
            return vec![];
        };
        if !first.is_run() {
            return vec![(first.ticket, first.message.clone())];
        }
        let mut runs: Vec<&Item> = due().filter(|item| item.is_run()).collect();
        runs.sort_by_key(|item| item.ticket.1);
        let batch = runs.into_iter().take(BATCH);
        batch
            .map(|item| (item.ticket, item.message.clone()))
            .collect()
    }
}

impl Item {
    fn is_run(&self) -> bool {
        matches!(self.message, Message::Run(_))
    }
}
