//! The whole cluster in memory: the authority for reads and for scheduling.
//!
//! Tasks and nodes are whole records behind `Arc`; beside them stand indexes and tallies, which
//! [`State::write`] keeps in step and which can always be counted again from the records
//! ([`State::check`]). Volatile, and therefore not part of what is stored: when a node was last
//! heard ([`Contact`]), what it still runs and should not, how the wall clock was set
//! ([`hands::Hands`]), the ring of events, the policy.

mod clearing;
mod contact;
mod hands;
mod members;
mod ready;
mod tally;
mod waiting;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::id::ById;
use super::{
    Availability, Brake, Change, Event, Node, NodeId, Now, Policy, Registrant, Task, TaskId,
    Timestamp, Write,
};
pub use contact::Contact;
use hands::Hands;
pub use tally::Usage;

/// The whole cluster.
#[derive(Debug, Clone, Default)]
pub struct State {
    policy: Policy,
    tasks: BTreeMap<u64, Arc<Task>>,
    sequence_of: ById<TaskId, u64>,
    task_of_key: HashMap<Arc<str>, u64>,
    pending: BTreeSet<u64>,
    waiting: waiting::Waiting,
    ended: BTreeSet<(Timestamp, u64)>,
    nodes: BTreeMap<NodeId, Arc<Node>>,
    /// The nodes that were last known at an address: one online at most, and old records.
    nodes_at: HashMap<(String, u16), BTreeSet<NodeId>>,
    usage: ById<NodeId, Usage>,
    ready: ready::Ready,
    members: members::Members,
    clearing: clearing::Clearing,
    hands: Hands,
    brake: Option<Brake>,
    last_event: u64,
    ring: VecDeque<Arc<Event>>,
}

impl State {
    /// An empty cluster.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            ..Self::default()
        }
    }

    /// The cluster as it was stored. Nobody counts as silent before `now`: a master that starts
    /// gives every node a full `node_timeout`.
    pub fn load(
        policy: Policy,
        writes: impl IntoIterator<Item = Write>,
        last_event: u64,
        now: Now,
    ) -> Self {
        let mut state = Self {
            last_event,
            ..Self::new(policy)
        };
        let writes: Vec<Write> = writes.into_iter().collect();
        // Tables that grow would be made anew twenty times.
        let has_key =
            |write: &&Write| matches!(write, Write::PutTask(task) if task.idempotency.is_some());
        state.sequence_of.reserve(writes.len());
        state
            .task_of_key
            .reserve(writes.iter().filter(has_key).count());
        for write in &writes {
            state.write(write);
        }
        let online = |node: &Node| node.availability == Availability::Online;
        for member in state.members.values_mut() {
            let node = Some(&member.node).filter(|node| online(node));
            member.contact =
                node.map(|node| Contact::presumed(now, node.heard_at, node.unreachable.is_some()));
        }
        state.note_time(now);
        state
    }

    /// Makes one decided change. Never fails: what could fail was settled by `decide`.
    pub fn apply(&mut self, change: &Change) {
        self.write(&change.write);
        self.last_event = self.last_event.max(change.event.sequence);
        if self.policy.event_ring > 0 {
            if self.ring.len() >= self.policy.event_ring {
                self.ring.pop_front();
            }
            self.ring.push_back(change.event.clone());
        }
    }

    /// The moment of what was just applied: call it after every decision, also one that changed
    /// nothing, so that a wall clock that is set is noticed at once.
    pub fn note_time(&mut self, now: Now) {
        let standstill_ms = self.hands.standstill_ms(now);
        if standstill_ms > 0 {
            // Whoever spoke meanwhile was not heard, so the time counts for nobody.
            let members = self.members.values_mut();
            let contacts = members.filter_map(|member| member.contact.as_mut());
            contacts.for_each(|contact| contact.put_off(standstill_ms));
        }
        let ttl_ms = self.policy.ended_task_ttl_ms.unwrap_or_default();
        self.hands.look(now, ttl_ms, &self.nodes);
    }

    /// The wall clock as far as it may decide that something is long ago: without what it was set
    /// forth lately.
    pub fn cautious_wall(&self, now: Now) -> Timestamp {
        let ttl_ms = self.policy.ended_task_ttl_ms.unwrap_or_default();
        self.hands.cautious_wall(now, ttl_ms)
    }

    /// Whether the deadline of the node's drain has passed.
    pub fn is_drain_due(&self, node: &Node, now: Now) -> bool {
        self.hands.is_drain_due(node, now)
    }

    /// The settings.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// A task by its id.
    pub fn task(&self, id: &TaskId) -> Option<&Arc<Task>> {
        self.tasks.get(self.sequence_of.get(id)?)
    }

    /// A task by the place it has in the order of creation.
    pub fn task_at(&self, sequence: u64) -> Option<&Arc<Task>> {
        self.tasks.get(&sequence)
    }

    /// The task a submission with this idempotency key made.
    pub fn task_by_key(&self, key: &str) -> Option<&Arc<Task>> {
        self.tasks.get(self.task_of_key.get(key)?)
    }

    /// The task that was created last.
    pub fn youngest_task(&self) -> Option<&Arc<Task>> {
        self.tasks.last_key_value().map(|(_, task)| task)
    }

    /// All tasks in creation order.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = &Arc<Task>> {
        self.tasks.values()
    }

    /// The tasks created after the one with this sequence number, in creation order.
    pub fn tasks_after(&self, sequence: u64) -> impl Iterator<Item = &Arc<Task>> {
        self.tasks
            .range(sequence.saturating_add(1)..)
            .map(|(_, task)| task)
    }

    /// Tasks that wait for a node, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.pending
            .iter()
            .filter_map(|sequence| self.tasks.get(sequence))
    }

    /// Tasks that wait for a node, by what they ask of it.
    pub(super) fn waiting(&self) -> &waiting::Waiting {
        &self.waiting
    }

    /// Ended tasks, the one that ended first first.
    pub fn ended(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.ended
            .iter()
            .filter_map(|(_, sequence)| self.tasks.get(sequence))
    }

    /// Every task whose last placement was on this node, ended ones too, in creation order.
    pub fn tasks_on(&self, node: &NodeId) -> impl Iterator<Item = &Arc<Task>> {
        let sequences = self.usage.get(node).into_iter().flat_map(Usage::tasks);
        sequences.filter_map(|sequence| self.tasks.get(&sequence))
    }

    /// A node by its id.
    pub fn node(&self, id: &NodeId) -> Option<&Arc<Node>> {
        Some(&self.members.get(id)?.node)
    }

    /// The node whose worker listens there; of several that did the one that is online, else the
    /// one heard last.
    pub fn node_at(&self, hostname: &str, port: u16) -> Option<&Arc<Node>> {
        let ids = self.nodes_at.get(&(hostname.to_owned(), port))?;
        let nodes = ids.iter().filter_map(|id| self.nodes.get(id));
        nodes.max_by_key(|node| (node.availability == Availability::Online, node.heard_at))
    }

    /// The node that registers so, once it has.
    pub fn registrant(&self, registrant: &Registrant) -> Option<&Arc<Node>> {
        match registrant {
            Registrant::Node(id) => self.node(id),
            Registrant::At(hostname, port) => self.node_at(hostname, *port),
        }
    }

    /// All nodes by id.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &Arc<Node>> {
        self.nodes.values()
    }

    /// What the tasks on a node take of it.
    pub fn usage(&self, node: &NodeId) -> Option<&Usage> {
        self.usage.get(node)
    }

    /// The mass-failure brake, when engaged.
    pub fn brake(&self) -> Option<&Brake> {
        self.brake.as_ref()
    }

    /// The sequence number of the last event.
    pub fn last_event(&self) -> u64 {
        self.last_event
    }

    /// The sequence number of the oldest event that is still in the ring; when it is empty, of the
    /// next one there will be.
    pub fn oldest_event(&self) -> u64 {
        self.ring
            .front()
            .map_or(self.last_event + 1, |event| event.sequence)
    }

    /// The events after `sequence` that are still in the ring, oldest first; none when the ring
    /// no longer reaches back so far.
    pub fn events_after(&self, sequence: u64) -> Option<Vec<Arc<Event>>> {
        let oldest = self
            .ring
            .front()
            .map_or(self.last_event + 1, |event| event.sequence);
        if sequence + 1 < oldest {
            return None;
        }
        Some(
            self.ring
                .iter()
                .filter(|event| event.sequence > sequence)
                .cloned()
                .collect(),
        )
    }

    /// Counts every index and tally again and says what differs: invariant 2 and the indexes'
    /// own. For tests.
    pub fn check(&self) -> Result<(), String> {
        tally::check(self)
    }
}

impl PartialEq for State {
    /// Whether two states would be stored alike: records, brake and the last event's number.
    fn eq(&self, other: &Self) -> bool {
        self.tasks == other.tasks
            && self.nodes == other.nodes
            && self.brake == other.brake
            && self.last_event == other.last_event
    }
}

#[cfg(test)]
mod tests;
