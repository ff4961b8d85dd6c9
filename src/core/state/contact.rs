//! When a node was last in touch, as seen from both sides.

use super::State;
use crate::core::{Monotonic, NodeId, Now, Timestamp};

/// When and how a node was last in touch. Never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contact {
    /// The worker reached the master (heartbeat, report, registration).
    pub heard_at: Monotonic,
    /// The same by the wall clock, for people.
    pub heard_wall: Timestamp,
    /// The worker's process began with a registration; 0: before this master did.
    pub registered_at: Monotonic,
    /// The master reached the worker (a probe or a dispatch was answered).
    pub answered_at: Monotonic,
    /// Since when the master has not reached it, although it tried; none: it did last time.
    pub failing_since: Option<Monotonic>,
    /// When the master last tried in vain; none: not since there was contact again.
    pub failed_at: Option<Monotonic>,
    /// When the master last tried, answered or not.
    pub probed_at: Monotonic,
    /// Since when there was never a silence longer than `Policy::longest_gap_ms`.
    pub steady_since: Monotonic,
    /// The master started then, and took both sides for granted.
    pub presumed_at: Option<Monotonic>,
}

impl Contact {
    /// What a master that starts takes for granted.
    pub(super) fn presumed(now: Now, heard_wall: Timestamp, unreachable: bool) -> Self {
        Self {
            heard_at: now.mono,
            heard_wall,
            registered_at: Monotonic::default(),
            answered_at: now.mono,
            // Not to be believed before it has answered.
            failing_since: unreachable.then_some(now.mono),
            failed_at: None,
            probed_at: now.mono,
            steady_since: now.mono,
            presumed_at: Some(now.mono),
        }
    }

    /// When the worker last reached the master, by the wall clock as it was then; none: not yet.
    /// Not compared with other times: the clock may have been set back since.
    pub fn heard_wall(&self) -> Option<Timestamp> {
        Some(self.heard_wall).filter(|at| *at != Timestamp::default())
    }

    /// When either side last reached the other.
    pub fn last(&self) -> Monotonic {
        self.heard_at.max(self.answered_at)
    }

    /// Whether there was no contact at all yet since the master started.
    pub fn is_presumed(&self) -> bool {
        self.presumed_at.is_some_and(|at| self.last() == at)
    }

    /// Whether both sides have reached each other since the master started, if only once.
    pub fn is_mutual(&self) -> bool {
        self.presumed_at
            .is_none_or(|at| self.heard_at > at && self.answered_at > at)
    }

    /// All of it is so much later.
    pub(super) fn put_off(&mut self, ms: u64) {
        let Self {
            heard_at,
            heard_wall: _,
            registered_at: _,
            answered_at,
            failing_since,
            failed_at,
            probed_at,
            steady_since,
            presumed_at,
        } = self;
        let always = [heard_at, answered_at, probed_at, steady_since];
        let perhaps = [failing_since, failed_at, presumed_at];
        for at in always.into_iter().chain(perhaps.into_iter().flatten()) {
            at.0 = at.0.saturating_add(ms);
        }
    }

    /// Contact, after a silence or not: what failed in a silence was the silence.
    pub(super) fn made(&mut self, now: Now, longest_gap_ms: u64) {
        if now.mono.since_ms(self.last()) >= longest_gap_ms {
            self.steady_since = now.mono;
            self.failed_at = None;
            self.failing_since = self.failing_since.map(|_| now.mono);
        }
    }
}

impl State {
    /// When a node was last in touch.
    pub fn contact(&self, node: &NodeId) -> Contact {
        self.last_contact(node).unwrap_or_default()
    }

    /// The same; none when nobody was in touch yet: it registered this very moment.
    pub fn last_contact(&self, node: &NodeId) -> Option<Contact> {
        self.members.get(node)?.contact
    }

    /// The worker reached the master: call it once what the worker said was decided and applied.
    pub fn heard(&mut self, node: &NodeId, now: Now) {
        let longest_gap_ms = self.policy.longest_gap_ms();
        if let Some(contact) = self.known_contact(node) {
            contact.made(now, longest_gap_ms);
            contact.heard_at = now.mono;
            contact.heard_wall = now.wall;
        }
    }

    /// It signed off: its silence from now on is no sign of anything.
    pub fn signed_off(&mut self, node: &NodeId) {
        self.forget_contact(node);
    }

    /// The same, when it has just registered: whoever could not be reached before may have been
    /// another process, somewhere else.
    pub fn registered(&mut self, node: &NodeId, now: Now) {
        self.forget_contact(node);
        self.heard(node, now);
        if let Some(contact) = self.known_contact(node) {
            contact.registered_at = now.mono;
        }
    }

    /// The master reached the worker, or tried in vain.
    pub fn probed(&mut self, node: &NodeId, answered: bool, now: Now) {
        let longest_gap_ms = self.policy.longest_gap_ms();
        if let Some(contact) = self.known_contact(node) {
            contact.probed_at = now.mono;
            if answered {
                contact.made(now, longest_gap_ms);
                contact.answered_at = now.mono;
                contact.failing_since = None;
            } else {
                contact.failing_since.get_or_insert(now.mono);
                contact.failed_at = Some(now.mono);
            }
        }
    }

    fn known_contact(&mut self, node: &NodeId) -> Option<&mut Contact> {
        let member = self.members.get_mut(node)?;
        Some(member.contact.get_or_insert_default())
    }

    pub(super) fn forget_contact(&mut self, node: &NodeId) {
        if let Some(member) = self.members.get_mut(node) {
            member.contact = None;
        }
    }
}
