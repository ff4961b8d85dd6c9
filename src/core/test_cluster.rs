//! A small cluster for the unit tests of `core`: commands and loops in one line each, and the
//! state checked after every step.

use super::decide::decide;
use super::{
    Capacity, Change, Command, Deregister, Drain, EngineCondition, Heartbeat, Kind, Monotonic,
    NodeId, Now, Policy, Register, Rejection, Remove, Report, Spec, State, Status, Stop, Submit,
    Task, TaskId, Timestamp, reconcile,
};

/// A cluster whose time only moves when it is told to.
pub struct Cluster {
    pub state: State,
    pub now: Now,
}

impl Cluster {
    pub fn new() -> Self {
        Self::with(Policy::default())
    }

    pub fn with(policy: Policy) -> Self {
        Self {
            state: State::new(policy),
            now: Now {
                wall: Timestamp(1_700_000_000_000),
                mono: Monotonic(1_000_000),
                random: 0,
            },
        }
    }

    pub fn pass(&mut self, ms: u64) {
        self.now.mono.0 += ms;
        self.now.wall = self.now.wall.plus_ms(ms as i64);
    }

    pub fn decide(&self, command: Command) -> Result<Vec<Change>, Rejection> {
        decide(&self.state, command, self.now)
    }

    /// Decides and applies, and gives back what happened.
    pub fn run(&mut self, command: Command) -> Vec<Kind> {
        let changes = self.decide(command).unwrap();
        self.apply(&changes)
    }

    pub fn apply(&mut self, changes: &[Change]) -> Vec<Kind> {
        for change in changes {
            self.state.apply(change);
        }
        self.state.check().unwrap();
        changes.iter().map(|change| change.event.kind).collect()
    }

    /// The fields that make a command invalid.
    pub fn invalid(&self, command: Command) -> String {
        match self.decide(command) {
            Err(Rejection::Invalid { field, .. }) => field,
            other => format!("not invalid: {other:?}"),
        }
    }

    pub fn place(&mut self) -> Vec<Kind> {
        let changes = reconcile::place(&self.state, self.now, 1_000);
        self.apply(&changes)
    }

    pub fn nodes(&mut self) -> Vec<Kind> {
        let changes = reconcile::nodes(&self.state, self.now);
        self.apply(&changes)
    }

    /// A node with so many slots.
    pub fn add_node(&mut self, id: &str, slots: u32) -> NodeId {
        self.register(Register {
            capacity: slots_only(slots),
            ..registration(id)
        });
        id.into()
    }

    pub fn register(&mut self, register: Register) -> Vec<Kind> {
        let node = register.node.clone();
        let kinds = self.run(Command::Register(register));
        if let Some(node) = node {
            self.state.registered(&node, self.now);
        }
        kinds
    }

    pub fn beat(&mut self, node: &NodeId) -> Vec<Kind> {
        let kinds = self.run(Command::Heartbeat(heartbeat(node)));
        self.state.heard(node, self.now);
        kinds
    }

    pub fn submit(&mut self, spec: Spec) -> TaskId {
        self.now.random += 1;
        self.run(Command::Submit(Submit {
            spec,
            idempotency: None,
        }));
        self.state.tasks().last().unwrap().id.clone()
    }

    pub fn task(&self, id: &TaskId) -> &Task {
        self.state.task(id).unwrap()
    }

    pub fn node_of(&self, id: &TaskId) -> &str {
        self.task(id)
            .node
            .as_ref()
            .map_or("none", |node| node.as_str())
    }

    pub fn report(&mut self, report: Report) -> Vec<Kind> {
        self.run(Command::Report(report))
    }

    /// A report of the task's own node about its current attempt.
    pub fn says(&self, id: &TaskId, status: Status) -> Report {
        let task = self.task(id);
        Report {
            attempt: Some(task.attempt),
            node: task.node.clone(),
            ..go_report(id, status)
        }
    }

    pub fn becomes(&mut self, id: &TaskId, status: Status) -> Vec<Kind> {
        let report = self.says(id, status);
        self.report(report)
    }

    pub fn stop(&mut self, id: &TaskId) -> Vec<Kind> {
        self.run(Command::Stop(Stop {
            task: id.clone(),
            grace_seconds: 10,
        }))
    }

    pub fn remove(&mut self, id: &TaskId, force: bool) -> Vec<Kind> {
        self.run(Command::Remove(Remove {
            task: id.clone(),
            force,
        }))
    }

    pub fn drain(&mut self, node: &NodeId, deadline_seconds: u64) -> Vec<Kind> {
        self.run(Command::Drain(Drain {
            node: node.clone(),
            deadline_seconds,
            by_worker: false,
        }))
    }

    /// The drain a worker asks for when it shuts down.
    pub fn drain_by_worker(&mut self, node: &NodeId, deadline_seconds: u64) -> Vec<Kind> {
        self.run(Command::Drain(Drain {
            node: node.clone(),
            deadline_seconds,
            by_worker: true,
        }))
    }

    pub fn deregister(&mut self, node: &NodeId) -> Vec<Kind> {
        let kinds = self.run(Command::Deregister(Deregister { node: node.clone() }));
        self.state.signed_off(node);
        kinds
    }
}

pub fn spec() -> Spec {
    Spec {
        name: "web".into(),
        image: "nginx:latest".into(),
        ..Spec::default()
    }
}

pub fn slots_only(slots: u32) -> Capacity {
    Capacity {
        slots: Some(slots),
        ..Capacity::default()
    }
}

/// A podling worker on a host of the same name.
pub fn registration(id: &str) -> Register {
    Register {
        node: Some(id.into()),
        hostname: id.into(),
        port: 8081,
        capacity: Capacity::default(),
        labels: Default::default(),
        engine: None,
        version: Some("0.1.0".into()),
        heartbeat_interval_ms: None,
        condition: EngineCondition::Ready,
        tasks: Some(vec![]),
    }
}

pub fn heartbeat(node: &NodeId) -> Heartbeat {
    Heartbeat {
        node: node.clone(),
        tasks: None,
        condition: EngineCondition::Unsaid,
        engine: None,
    }
}

/// All that a worker of the Go project says.
pub fn go_report(id: &TaskId, status: Status) -> Report {
    Report {
        task: id.clone(),
        attempt: None,
        node: None,
        status,
        container_id: None,
        exit_code: None,
        error: None,
        reason: None,
        restart_count: None,
        health: None,
    }
}
