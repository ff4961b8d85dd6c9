//! What must hold after every step: podling's invariants (`src/lib.rs`), looked at from outside.
//!
//! The disk is the truth about what is durable, the engines about what runs, the messages about who
//! was told what and when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use podling::core::{Availability, Desired, Kind, Node, NodeId, Now, State, Status, Task, TaskId};
use podling::master::cluster::Cluster;
use podling::wire::{self, Instructions, TaskReport, TaskStatus};
use podling::worker::runtime::Blueprint;
use podling::worker::runtime::scripted::Held;

use crate::disk::Stored;
use crate::plan::Fault;
use crate::process::Process;
use crate::worker::node_id;
use crate::world::World;

/// How a task's history tells that its node never took it.
const DECLINED: &str = "did not take it";

#[derive(Default)]
pub struct Checks {
    /// Which containers ever ran: by task and attempt, where, in which life of the host, its id.
    ran: BTreeMap<(TaskId, u32), (usize, u32, String)>,
    /// The newest attempt of a task a node ever made a container for.
    newest_made: BTreeMap<(TaskId, usize), u32>,
    /// Which placements were ever durable.
    placed: BTreeSet<(TaskId, u32, NodeId)>,
    /// Placements that their node never took.
    declined: BTreeSet<(TaskId, u32)>,
    /// Tasks that were durable and are gone.
    gone: BTreeSet<TaskId>,
    /// What nodes ever said of an attempt.
    said: BTreeSet<(TaskId, u32, NodeId, String)>,
    /// Every event that is in a task's history, by its number.
    events: BTreeMap<u64, (TaskId, Kind)>,
    /// The attempts that were seen to begin to run.
    running: BTreeMap<(TaskId, u32), u64>,
    /// The task each key led to.
    keys: BTreeMap<String, TaskId>,
    /// The last event there was when a master's memory was looked at.
    looked_at: u64,
}

/// Whether the master has no memory of the task either.
fn is_forgotten(world: &World, id: &TaskId) -> bool {
    let master = world.network.master();
    master.is_some_and(|(_, cluster)| cluster.read(|state| state.task(id).is_none()))
}

/// How far a task is: it only ever goes up.
fn rank(status: Status) -> u32 {
    match status {
        Status::Pending => 0,
        Status::Scheduled => 1,
        Status::Running => 2,
        Status::Completed | Status::Failed | Status::Stopped => 5,
    }
}

/// The same over all attempts. Who waits for another placement is further than who ran.
fn progress(attempt: u32, status: Status) -> u32 {
    let within = match status {
        Status::Pending if attempt > 0 => 3,
        status => rank(status),
    };
    attempt * 10 + within
}

fn known(status: TaskStatus) -> Status {
    match status {
        TaskStatus::Pending => Status::Pending,
        TaskStatus::Scheduled => Status::Scheduled,
        TaskStatus::Running => Status::Running,
        TaskStatus::Completed => Status::Completed,
        TaskStatus::Failed => Status::Failed,
        TaskStatus::Stopped => Status::Stopped,
    }
}

impl Checks {
    /// Somebody is about to do something to the outside: the memory of the master that listens is
    /// right, also where it is ahead of the disk.
    pub fn memory(&mut self, world: &World) {
        let Some((master, cluster)) = world.network.master() else {
            return;
        };
        let looked_at = &mut self.looked_at;
        let looked = cluster.read(|state| {
            // Every change has an event.
            let last = std::mem::replace(looked_at, state.last_event());
            if last == *looked_at {
                Ok(())
            } else {
                state.check()
            }
        });
        if let Err(why) = looked {
            world.wrong(format!("the memory of {}: {why}", master.name));
        }
    }

    /// The disk has changed.
    pub fn committed(&mut self, world: &World, before: &Stored, after: &Stored) {
        let (old_event, new_event) = (before.snapshot.last_event, after.snapshot.last_event);
        if new_event < old_event {
            world.wrong(format!(
                "the events' numbers go back: {old_event}, {new_event}"
            ));
        }
        for id in before.tasks.keys() {
            if !after.tasks.contains_key(id) {
                self.gone.insert(id.clone());
            }
        }
        for (id, task) in &after.tasks {
            let old = before.tasks.get(id);
            if old.is_some_and(|old| Arc::ptr_eq(old, task)) {
                continue;
            }
            self.task_changed(world, old, task, old_event);
        }
        for task in after.tasks.values().filter(|task| task.status.is_active()) {
            let node = task.node.as_ref().and_then(|node| after.nodes.get(node));
            if node.is_none_or(|node| node.availability == Availability::Offline) {
                world.wrong(format!(
                    "{} is {:?} on no online node",
                    task.id, task.status
                ));
            }
        }
        if !world.plan.has(Fault::Store) && !world.plan.has(Fault::Operated) {
            let online = |stored: &Stored| {
                let nodes = stored.nodes.values();
                let online = nodes.filter(|node| node.availability == Availability::Online);
                online.count()
            };
            let given_up = after.nodes.values().filter(|node| {
                let was = before.nodes.get(&node.id).map(|node| node.availability);
                was == Some(Availability::Online)
                    && node.availability == Availability::Offline
                    && node.offline_reason.starts_with("neither heard")
            });
            let (given_up, online) = (given_up.count(), online(before));
            if online >= 3 && 2 * given_up > online && !world.healed.is_cancelled() {
                world.wrong(format!(
                    "{given_up} of {online} nodes were given up at once"
                ));
            }
        }
        let braked = before.snapshot.brake.is_some() && after.snapshot.brake.is_some();
        let merged = world.plan.has(Fault::Store);
        for node in after.nodes.values().filter(|_| braked && !merged) {
            let was = before.nodes.get(&node.id).map(|node| node.availability);
            if was == Some(Availability::Online)
                && node.availability == Availability::Offline
                && node.offline_reason.starts_with("neither heard")
            {
                world.wrong(format!("{} was given up although the brake holds", node.id));
            }
        }
        let writes = after.snapshot.clone().into_writes();
        let state = State::load(world.plan.policy.clone(), writes, new_event, Now::default());
        if let Err(why) = state.check() {
            world.wrong(format!("what is durable: {why}"));
        }
    }

    fn task_changed(&mut self, world: &World, old: Option<&Arc<Task>>, task: &Task, since: u64) {
        let id = &task.id;
        if let Some(old) = old {
            let rises = match (old.attempt, task.attempt) {
                (old_attempt, attempt) if old_attempt == attempt => {
                    task.status == Status::Pending && !old.status.is_ended()
                        || rank(task.status) >= rank(old.status)
                }
                (old_attempt, attempt) => attempt > old_attempt,
            };
            if !rises || (old.status.is_ended() && old.status != task.status) {
                world.wrong(format!(
                    "{id} went from attempt {} {:?} to attempt {} {:?}",
                    old.attempt, old.status, task.attempt, task.status
                ));
            }
        } else if let Some(idempotency) = &task.idempotency {
            let before = self.keys.insert(idempotency.key.to_string(), id.clone());
            if let Some(before) = before.filter(|before| !self.gone.contains(before)) {
                world.wrong(format!("{} made {before} and {id}", idempotency.key));
            }
        }
        let history = task.events();
        let declined = history.iter().filter(|e| e.message.contains(DECLINED));
        self.declined
            .extend(declined.map(|event| (id.clone(), event.attempt)));
        if let Some(most) = task.spec.max_attempts
            && self.counted(id, task.attempt) > most
        {
            world.wrong(format!("{id} is in attempt {} of {most}", task.attempt));
        }
        if let Some(node) = &task.node {
            self.placed.insert((id.clone(), task.attempt, node.clone()));
            let said = match task.status {
                Status::Running => Some("running"),
                Status::Completed => Some("completed"),
                _ => None,
            };
            if let Some(said) = said {
                let key = (id.clone(), task.attempt, node.clone(), said.to_owned());
                if !self.said.contains(&key) {
                    world.wrong(format!(
                        "{id} attempt {} is {said} on {node}, which {node} never said",
                        task.attempt
                    ));
                }
            }
        }
        if history.last().is_none_or(|event| event.sequence <= since) {
            world.wrong(format!("{id} changed and no event says why"));
        }
        for event in &history {
            let this = (id.clone(), event.kind);
            match self.events.get(&event.sequence) {
                Some(known) if *known != this => {
                    world.wrong(format!(
                        "event {} is {known:?} and {this:?}",
                        event.sequence
                    ));
                }
                Some(_) => {}
                None if event.sequence <= since => {
                    world.wrong(format!("event {} came late: {this:?}", event.sequence));
                }
                None => {
                    self.events.insert(event.sequence, this);
                    // Also one that another decision of the same transaction overtook.
                    if let (Kind::TaskScheduled, Some(node)) = (event.kind, &event.node) {
                        self.placed
                            .insert((id.clone(), event.attempt, node.clone()));
                    }
                    if event.kind == Kind::TaskRunning {
                        let key = (id.clone(), event.attempt);
                        if let Some(first) = self.running.insert(key, event.sequence) {
                            world.wrong(format!(
                                "{id} attempt {} began to run twice: events {first} and {}",
                                event.attempt, event.sequence
                            ));
                        }
                    }
                }
            }
        }
    }

    /// A master has loaded.
    pub fn loaded(&self, world: &World, cluster: &Cluster) {
        let stored = world.disk.stored();
        let last = stored.snapshot.last_event;
        let writes = stored.snapshot.clone().into_writes();
        let state = State::load(world.plan.policy.clone(), writes, last, Now::default());
        if !cluster.read(|memory| *memory == state) {
            world.wrong("what was loaded is not what is stored");
        }
    }

    /// A container was started: perhaps not for the first time, but there is one of an attempt.
    pub fn started(&mut self, world: &World, node: usize, generation: u32, held: &Held) {
        let Some(identity) = &held.identity else {
            return;
        };
        let key = (TaskId::from(identity.task_id.as_str()), identity.attempt);
        let this = (node, generation, held.id.clone());
        let first = self.ran.entry(key).or_insert_with(|| this.clone());
        // A host that lost everything may begin again: see docs/RELIABILITY.md.
        let anew = first.0 == node && first.1 != generation;
        if *first != this && !anew {
            world.wrong(format!(
                "{} attempt {} ran on n{} and runs in another container on n{node}",
                identity.task_id, identity.attempt, first.0
            ));
        }
        *first = this;
    }

    /// A worker ends a container: because somebody said so, or because it ends itself.
    pub fn stops(&self, world: &World, node: usize, process: &Process, held: &Held) {
        let Some(identity) = &held.identity else {
            return;
        };
        if !process.term.is_cancelled() {
            self.may_stop(world, &node_id(node), &identity.task_id, identity.attempt);
        }
    }

    /// Which attempt it is of those that count: one that its node never took does not.
    fn counted(&self, id: &TaskId, attempt: u32) -> u32 {
        let before = (id.clone(), 0)..(id.clone(), attempt);
        attempt - self.declined.range(before).count() as u32
    }

    /// A container was made.
    pub fn created(&mut self, world: &World, node: usize, made: &Blueprint) {
        let id = TaskId::from(made.identity.task_id.as_str());
        let attempt = made.identity.attempt;
        let counted = self.counted(&id, attempt);
        if made.task.max_attempts.is_some_and(|most| counted > most) {
            world.wrong(format!(
                "{id} may not have a container for attempt {attempt}"
            ));
        }
        let newest = self.newest_made.entry((id.clone(), node)).or_default();
        if *newest > attempt {
            world.wrong(format!(
                "n{node} made a container for {id} attempt {attempt} after one for {newest}"
            ));
        }
        *newest = attempt.max(*newest);
        self.is_durable(
            world,
            &node_id(node),
            &id,
            attempt,
            "a container was made for",
        );
    }

    fn is_durable(&self, world: &World, node: &str, id: &TaskId, attempt: u32, what: &str) {
        let placement = (id.clone(), attempt, NodeId::from(node));
        // Made and removed in one transaction, it left no trace on the disk.
        let no_trace = self.gone.contains(id) || is_forgotten(world, id);
        if !self.placed.contains(&placement) && !no_trace {
            world.wrong(format!(
                "{what} {id} attempt {attempt} on {node}, which is not durable"
            ));
        }
    }

    /// A master tells a node to run this.
    pub fn sends_run(&self, world: &World, node: &Node, task: &wire::Task) {
        let id = TaskId::from(task.task_id.as_str());
        self.is_durable(world, node.id.as_str(), &id, task.attempt, "sent:");
    }

    /// A master tells a node to stop this.
    pub fn sends_stop(&self, world: &World, node: &Node, task: &str, attempt: Option<u32>) {
        self.may_stop(world, node.id.as_str(), task, attempt.unwrap_or_default());
    }

    fn may_stop(&self, world: &World, node: &str, task: &str, attempt: u32) {
        let stored = world.disk.stored();
        let Some(task) = stored.tasks.get(&TaskId::from(task)) else {
            return;
        };
        let is_to_run = task.attempt == attempt
            && task.node.as_ref().is_some_and(|on| on.as_str() == node)
            && task.desired == Desired::Run
            && !task.status.is_ended();
        if is_to_run {
            world.wrong(format!(
                "{node} stops or is told to stop {} attempt {attempt}, which is to run there",
                task.id
            ));
        }
    }

    /// A master tells a node to remove this.
    pub fn sends_removal(&self, world: &World, task: &str) {
        if world.disk.stored().tasks.contains_key(&TaskId::from(task)) {
            world.wrong(format!(
                "a node is told to remove {task}, which is not gone"
            ));
        }
    }

    /// A node says this of its tasks.
    pub fn says(&mut self, node: usize, reports: &[TaskReport]) {
        for TaskReport { task_id, report } in reports {
            self.said.insert((
                TaskId::from(task_id.as_str()),
                report.attempt.unwrap_or_default(),
                NodeId::from(node_id(node)),
                report.status.clone(),
            ));
        }
    }

    /// A master answers a registration or a heartbeat.
    pub fn answers(&self, world: &World, node: usize, answer: &Instructions) {
        let node = node_id(node);
        for task in &answer.run {
            let id = TaskId::from(task.task_id.as_str());
            self.is_durable(world, &node, &id, task.attempt, "answered: run");
        }
        for stop in &answer.stop {
            self.may_stop(world, &node, &stop.task_id, stop.attempt);
        }
    }

    /// A master answers with this task.
    pub fn acknowledged(&mut self, world: &World, what: &str, answer: &wire::Task) {
        let id = TaskId::from(answer.task_id.as_str());
        let told = progress(answer.attempt, known(answer.status));
        match world.disk.stored().tasks.get(&id) {
            Some(task) if progress(task.attempt, task.status) >= told => {}
            Some(task) => world.wrong(format!(
                "{what} was answered with {id} attempt {} {:?}; durable is attempt {} {:?}",
                answer.attempt, answer.status, task.attempt, task.status
            )),
            None if self.gone.contains(&id) => {}
            // Made and removed in one transaction: it never was on the disk.
            None if is_forgotten(world, &id) => {
                self.gone.insert(id);
            }
            None => world.wrong(format!(
                "{what} was answered with {id}, which is not durable"
            )),
        }
    }

    pub fn stop_acknowledged(&mut self, world: &World, answer: &wire::Task) {
        self.acknowledged(world, "a stop", answer);
        let id = TaskId::from(answer.task_id.as_str());
        if let Some(task) = world.disk.stored().tasks.get(&id) {
            let wanted = matches!(task.desired, Desired::Stop { .. } | Desired::Remove { .. });
            if !wanted && !task.status.is_ended() {
                world.wrong(format!(
                    "{id}: its stop was acknowledged and is not durable"
                ));
            }
        }
    }

    pub fn removal_acknowledged(&self, world: &World, id: &TaskId, gone: bool) {
        if let Some(task) = world.disk.stored().tasks.get(id)
            && (gone || !matches!(task.desired, Desired::Remove { .. }))
        {
            world.wrong(format!(
                "{id}: its removal was acknowledged and is not durable"
            ));
        }
    }

    pub fn is_gone(&self, id: &TaskId) -> bool {
        self.gone.contains(id)
    }
}
