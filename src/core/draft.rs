//! A decision while it is being made: numbers the events, keeps each task's history, and shows
//! what the decision itself has made of tasks so far, so that rules can follow one another.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Brake, Change, Event, Kind, Node, NodeId, Now, State, Task, TaskId, Timestamp, Write};

/// A decision while it is being made.
pub(super) struct Draft<'a> {
    state: &'a State,
    now: Now,
    changes: Vec<Change>,
    tasks: BTreeMap<TaskId, Option<Arc<Task>>>,
}

impl<'a> Draft<'a> {
    pub fn new(state: &'a State, now: Now) -> Self {
        Self {
            state,
            now,
            changes: vec![],
            tasks: BTreeMap::new(),
        }
    }

    pub fn finish(self) -> Vec<Change> {
        self.changes
    }

    /// How many changes were drafted so far.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// The state before the decision.
    pub fn state(&self) -> &'a State {
        self.state
    }

    pub fn now(&self) -> Now {
        self.now
    }

    pub fn wall(&self) -> Timestamp {
        self.now.wall
    }

    /// The number the next event gets.
    pub fn next_sequence(&self) -> u64 {
        self.state.last_event() + 1 + self.changes.len() as u64
    }

    /// The task as this decision leaves it.
    pub fn task(&self, id: &TaskId) -> Option<Arc<Task>> {
        match self.tasks.get(id) {
            Some(drafted) => drafted.clone(),
            None => self.state.task(id).cloned(),
        }
    }

    /// The tasks that still take room on the node, in creation order.
    pub fn active_on(&self, node: &NodeId) -> Vec<Arc<Task>> {
        let before = self.state.tasks_on(node);
        before
            .filter_map(|task| self.task(&task.id))
            .filter(|task| task.occupies() == Some(node))
            .collect()
    }

    /// A task in its new form, and why; the event is about the node the task is on.
    pub fn put_task(&mut self, task: Task, kind: Kind, message: impl Into<String>) -> Arc<Task> {
        let node = task.node.clone();
        self.put_task_from(node, task, kind, message)
    }

    /// The same, when the event is about a node the task has left.
    pub fn put_task_from(
        &mut self,
        node: Option<NodeId>,
        mut task: Task,
        kind: Kind,
        message: impl Into<String>,
    ) -> Arc<Task> {
        let event = self.task_event(&task, node, kind, message.into());
        task.history.push(&event);
        let task = Arc::new(task);
        self.tasks.insert(task.id.clone(), Some(task.clone()));
        self.push(Write::PutTask(task.clone()), event);
        task
    }

    /// A task goes; `task` is its last form.
    pub fn remove_task(&mut self, task: Task, message: impl Into<String>) {
        let event = self.task_event(&task, task.node.clone(), Kind::TaskRemoved, message.into());
        self.tasks.insert(task.id.clone(), None);
        self.push(Write::RemoveTask(Arc::new(task)), event);
    }

    /// A node in its new form, which is given back, and why.
    pub fn put_node(&mut self, node: Node, kind: Kind, message: impl Into<String>) -> Arc<Node> {
        let event = self.event(kind, None, Some(node.id.clone()), 0, message.into());
        let node = Arc::new(node);
        self.push(Write::PutNode(node.clone()), event);
        node
    }

    /// A node is forgotten.
    pub fn remove_node(&mut self, id: &NodeId, message: impl Into<String>) {
        let event = self.event(Kind::NodeRemoved, None, Some(id.clone()), 0, message.into());
        self.push(Write::RemoveNode(id.clone()), event);
    }

    /// The brake is engaged or released.
    pub fn set_brake(&mut self, brake: Option<Brake>, message: impl Into<String>) {
        let kind = match brake {
            Some(_) => Kind::BrakeEngaged,
            None => Kind::BrakeReleased,
        };
        let event = self.event(kind, None, None, 0, message.into());
        self.push(Write::SetBrake(brake), event);
    }

    fn task_event(
        &self,
        task: &Task,
        node: Option<NodeId>,
        kind: Kind,
        message: String,
    ) -> Arc<Event> {
        self.event(kind, Some(task.id.clone()), node, task.attempt, message)
    }

    fn event(
        &self,
        kind: Kind,
        task: Option<TaskId>,
        node: Option<NodeId>,
        attempt: u32,
        message: String,
    ) -> Arc<Event> {
        Arc::new(Event {
            sequence: self.next_sequence(),
            at: self.now.wall,
            kind,
            task,
            node,
            attempt,
            message,
        })
    }

    fn push(&mut self, write: Write, event: Arc<Event>) {
        self.changes.push(Change { write, event });
    }
}
