//! How a write changes the records, and with them the indexes and tallies beside them.

use std::sync::Arc;

use super::{State, Usage};
use crate::core::{Availability, Brake, Node, NodeId, Status, Task, TaskId, Timestamp, Write};

impl State {
    /// Makes one write, without an event: for loading.
    pub(super) fn write(&mut self, write: &Write) {
        match write {
            Write::PutTask(task) => self.put_task(task),
            Write::RemoveTask(task) => self.remove_task(&task.id),
            Write::PutNode(node) => self.put_node(node),
            Write::RemoveNode(id) => self.remove_node(id),
            Write::SetBrake(brake) => self.set_brake(brake.clone()),
        }
    }

    /// Who fell silent before the brake was released is no longer counted.
    fn set_brake(&mut self, brake: Option<Brake>) {
        if brake.is_none() {
            let members = self.members.values_mut();
            members
                .filter(|member| member.node.availability == Availability::Offline)
                .for_each(|member| member.contact = None);
        }
        self.brake = brake;
    }

    /// A task's id, sequence number and key never change.
    pub(super) fn put_task(&mut self, task: &Arc<Task>) {
        let before = self.tasks.insert(task.sequence, task.clone());
        if before.is_none() {
            self.sequence_of.insert(task.id.clone(), task.sequence);
            if let Some(idempotency) = &task.idempotency {
                let key = idempotency.key.clone();
                self.task_of_key.insert(key, task.sequence);
            }
        }
        self.index(before.as_deref(), Some(task));
    }

    fn remove_task(&mut self, id: &TaskId) {
        let Some(sequence) = self.sequence_of.remove(id) else {
            return;
        };
        let Some(task) = self.tasks.remove(&sequence) else {
            return;
        };
        if let Some(idempotency) = &task.idempotency {
            self.task_of_key.remove(&idempotency.key);
        }
        self.index(Some(&task), None);
    }

    /// Keeps the indexes and tallies that depend on what is known of a task.
    fn index(&mut self, before: Option<&Task>, after: Option<&Task>) {
        let waits = |task: &&Task| task.status == Status::Pending;
        match (before.filter(waits), after.filter(waits)) {
            (None, Some(task)) => {
                self.pending.insert(task.sequence);
                self.waiting.insert(task);
            }
            (Some(task), None) => {
                self.pending.remove(&task.sequence);
                self.waiting.remove(task);
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        let (was, is) = (before.and_then(ended_at), after.and_then(ended_at));
        if was != is {
            was.map(|key| self.ended.remove(&key));
            is.map(|key| self.ended.insert(key));
        }
        let from = before.and_then(|task| Some((task.node.as_ref()?, task)));
        let to = after.and_then(|task| Some((task.node.as_ref()?, task)));
        match (from, to) {
            (Some((node, before)), Some((same, after))) if node == same => {
                self.tally(node, |usage| {
                    usage.remove(before);
                    usage.add(after);
                });
            }
            (from, to) => {
                if let Some((node, task)) = from {
                    self.tally(node, |usage| usage.remove(task));
                }
                if let Some((node, task)) = to {
                    self.tally(node, |usage| usage.add(task));
                }
            }
        }
    }

    pub(super) fn put_node(&mut self, node: &Arc<Node>) {
        self.leave_order(&node.id);
        self.hands.changed(&node.id);
        if let Some(known) = self.nodes.get(&node.id).cloned() {
            self.leave_address(&known);
            if known.availability == Availability::Offline
                && node.availability == Availability::Online
            {
                // What was known about reaching it is about the time before it was lost.
                self.forget_contact(&node.id);
            }
        }
        let address = (node.hostname.clone(), node.port);
        let there = self.nodes_at.entry(address).or_default();
        if node.availability == Availability::Online {
            // Another node has their address: they are over, not silent.
            for before in there.iter().filter(|id| **id != node.id) {
                if let Some(before) = self.members.get_mut(before) {
                    before.contact = None;
                }
            }
        }
        there.insert(node.id.clone());
        self.usage.entry(node.id.clone()).or_default();
        self.nodes.insert(node.id.clone(), node.clone());
        self.join_members(node);
        self.join_order(node);
    }

    fn remove_node(&mut self, id: &NodeId) {
        self.leave_order(id);
        if let Some(node) = self.nodes.remove(id) {
            self.leave_address(&node);
        }
        self.hands.changed(id);
        self.members.remove(id);
        self.clearing.remove(id);
        if self.usage.get(id).is_some_and(Usage::is_empty) {
            self.usage.remove(id);
        }
    }

    fn leave_address(&mut self, node: &Node) {
        let address = (node.hostname.clone(), node.port);
        if let Some(nodes) = self.nodes_at.get_mut(&address) {
            nodes.remove(&node.id);
            if nodes.is_empty() {
                self.nodes_at.remove(&address);
            }
        }
    }
}

/// The place of a task among those that have ended.
fn ended_at(task: &Task) -> Option<(Timestamp, u64)> {
    let at = task.finished_at().unwrap_or(task.created_at);
    task.status.is_ended().then_some((at, task.sequence))
}
