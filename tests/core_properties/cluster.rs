//! Carries steps out, as the master would, and has the invariants checked after each.

use std::collections::BTreeMap;

use podling::core::decide::decide;
use podling::core::{
    Capacity, Change, Command, Deregister, Drain, EngineCondition, Heartbeat, Idempotency,
    Monotonic, NodeId, Now, Policy, Port, Protocol, Register, Rejection, Remove, Report, Requests,
    Spec, State, Status, Stop, Submit, Task, TaskId, Timestamp, Write, reconcile,
};
use proptest::sample::Index;

use crate::invariants;
use crate::step::{Asked, Registered, Said, Step};

const STATUSES: [Status; 6] = [
    Status::Pending,
    Status::Scheduled,
    Status::Running,
    Status::Completed,
    Status::Failed,
    Status::Stopped,
];

/// A cluster as a master holds it.
pub struct Cluster {
    pub state: State,
    pub now: Now,
    sent: Vec<Report>,
}

impl Default for Cluster {
    fn default() -> Self {
        let policy = Policy {
            ended_task_ttl_ms: Some(60_000),
            event_ring: 50,
            ..Policy::default()
        };
        Self {
            state: State::new(policy),
            now: Now {
                wall: Timestamp(1_700_000_000_000),
                mono: Monotonic(100_000),
                random: 1,
            },
            sent: vec![],
        }
    }
}

pub fn node_id(node: u8) -> NodeId {
    format!("node-{node}").into()
}

impl Cluster {
    pub fn take(&mut self, step: Step) {
        self.now.random = self.now.random.wrapping_mul(6_364_136_223_846_793_005) + 1;
        match step {
            Step::Submit(asked) => self.command(submission(asked)),
            Step::Stop {
                task,
                grace_seconds,
            } => {
                let task = self.any_task(task);
                self.command(Command::Stop(Stop {
                    task,
                    grace_seconds,
                }));
            }
            Step::Remove { task, force } => {
                let task = self.any_task(task);
                self.command(Command::Remove(Remove { task, force }));
            }
            Step::Report(said) => {
                let report = self.report(&said);
                self.sent.push(report.clone());
                self.send(report);
            }
            Step::Repeat(which) => {
                if !self.sent.is_empty() {
                    let report = which.get(&self.sent).clone();
                    self.send(report);
                }
            }
            Step::Register { node, with } => self.register(node, with),
            Step::Heartbeat {
                node,
                degraded,
                tasks,
            } => {
                let heartbeat = Heartbeat {
                    node: node_id(node),
                    tasks: self.reports(tasks),
                    condition: condition(degraded),
                    engine: None,
                };
                self.heartbeat(heartbeat);
            }
            Step::Deregister(node) => {
                self.command(Command::Deregister(Deregister {
                    node: node_id(node),
                }));
            }
            Step::Drain {
                node,
                deadline_seconds,
                by_worker,
            } => self.command(Command::Drain(Drain {
                node: node_id(node),
                deadline_seconds,
                by_worker,
            })),
            Step::Uncordon(node) => self.command(Command::Uncordon(node_id(node))),
            Step::Forget(node) => self.command(Command::Forget(node_id(node))),
            Step::Prune => self.command(Command::Prune),
            Step::ReleaseBrake => self.command(Command::ReleaseBrake),
            Step::Place { limit } => {
                let changes = reconcile::place(&self.state, self.now, limit);
                assert!(changes.len() <= limit);
                self.apply(&changes);
            }
            Step::Nodes => self.nodes(),
            Step::Reap { limit } => {
                let changes = reconcile::reap(&self.state, self.now, limit);
                assert!(changes.len() <= limit);
                self.apply(&changes);
            }
            Step::Probe { node, answered } => {
                self.state.probed(&node_id(node), answered, self.now);
            }
            Step::Pass { ms } => self.pass(ms),
            Step::Restart => self.state = self.reloaded(),
        }
    }

    pub fn pass(&mut self, ms: u64) {
        self.now.mono.0 += ms;
        self.now.wall = self.now.wall.plus_ms(ms as i64);
    }

    /// Decides, applies, and asks again: a second time it must change nothing.
    pub fn command(&mut self, command: Command) {
        let Ok(changes) = decide(&self.state, command.clone(), self.now) else {
            return;
        };
        let again = decide(&self.state, command.clone(), self.now);
        assert_eq!(again.as_ref(), Ok(&changes), "deciding is deterministic");
        self.apply(&changes);
        let makes_another_task =
            matches!(&command, Command::Submit(submit) if submit.idempotency.is_none());
        if !makes_another_task && let Ok(again) = decide(&self.state, command.clone(), self.now) {
            assert_eq!(again, [], "{command:?} changes something twice");
        }
    }

    /// The loop over nodes: a second look finds nothing left to do.
    pub fn nodes(&mut self) {
        let changes = reconcile::nodes(&self.state, self.now);
        self.apply(&changes);
        assert_eq!(reconcile::nodes(&self.state, self.now), []);
    }

    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            let before = self.state.clone();
            self.state.apply(change);
            invariants::after_change(&before, change, &self.state);
        }
        invariants::after_decision(&self.state);
        let loaded = self.reloaded();
        assert!(loaded == self.state, "what was stored is not what is known");
        loaded.check().unwrap();
        for node in self.state.nodes() {
            let at = |state: &State| {
                let there = state.node_at(&node.hostname, node.port);
                there.map(|node| node.id.clone())
            };
            assert_eq!(at(&loaded), at(&self.state));
        }
    }

    /// The state as a master that starts would load it.
    fn reloaded(&self) -> State {
        let nodes = self.state.nodes().cloned().map(Write::PutNode);
        let tasks = self.state.tasks().cloned().map(Write::PutTask);
        let brake = [Write::SetBrake(self.state.brake().cloned())];
        State::load(
            self.state.policy().clone(),
            nodes.chain(tasks).chain(brake),
            self.state.last_event(),
            self.now,
        )
    }

    /// Invariants 3 and 4: what is not about the current attempt on its node, or is older than
    /// what is known, changes nothing.
    pub fn send(&mut self, report: Report) {
        if let Some(task) = self.state.task(&report.task) {
            let stale = !task.status.is_active()
                || report
                    .attempt
                    .is_some_and(|attempt| attempt != task.attempt)
                || report.node.is_some() && report.node != task.node
                || report.status < task.status;
            let decided = decide(&self.state, Command::Report(report.clone()), self.now);
            if report.status == Status::Pending {
                assert_eq!(decided, Err(Rejection::ImpossibleStatus(Status::Pending)));
            } else if stale {
                assert_eq!(decided, Ok(vec![]), "{report:?} for {task:?}");
            }
        }
        let node = report.node.clone();
        self.command(Command::Report(report));
        if let Some(node) = node {
            self.state.heard(&node, self.now);
        }
    }

    pub fn heartbeat(&mut self, heartbeat: Heartbeat) {
        let (node, tasks) = (heartbeat.node.clone(), heartbeat.tasks.clone());
        self.command(Command::Heartbeat(heartbeat));
        self.state.heard(&node, self.now);
        self.named(&node, tasks.as_deref());
    }

    fn register(&mut self, node: u8, with: Registered) {
        let register = Register {
            node: with.with_id.then(|| node_id(node)),
            hostname: "host".into(),
            port: 8_081 + u16::from(with.port.unwrap_or(node)),
            capacity: Capacity {
                slots: with.slots,
                cpu_millicores: with.cpu_millicores,
                memory_bytes: with.memory_bytes,
            },
            labels: BTreeMap::new(),
            engine: None,
            version: with.with_id.then(|| "0.1.0".into()),
            heartbeat_interval_ms: None,
            condition: condition(with.degraded),
            tasks: self.reports(with.tasks),
        };
        let registrant = register.registrant();
        let tasks = register.tasks.clone();
        if decide(&self.state, Command::Register(register.clone()), self.now).is_err() {
            return;
        }
        self.command(Command::Register(register));
        if let Some(node) = self.state.registrant(&registrant) {
            let id = node.id.clone();
            self.state.registered(&id, self.now);
            self.named(&id, tasks.as_deref());
        }
    }

    fn named(&mut self, node: &NodeId, tasks: Option<&[Report]>) {
        if let Some(tasks) = tasks {
            let going_on = tasks.iter().filter(|report| !report.status.is_ended());
            let going_on = going_on.map(|r| (r.task.clone(), r.attempt.unwrap_or(0)));
            self.state.named(node, &going_on.collect::<Vec<_>>());
        }
    }

    fn any_task(&self, which: Index) -> TaskId {
        match self.state.tasks().len() {
            0 => "none".into(),
            many => self
                .state
                .tasks()
                .nth(which.index(many))
                .unwrap()
                .id
                .clone(),
        }
    }

    /// As a worker names what it has: each task once.
    fn reports(&self, said: Option<Vec<Said>>) -> Option<Vec<Report>> {
        let mut reports: Vec<_> = said?.iter().map(|said| self.report(said)).collect();
        reports.sort_by(|a, b| a.task.cmp(&b.task));
        reports.dedup_by(|a, b| a.task == b.task);
        Some(reports)
    }

    fn report(&self, said: &Said) -> Report {
        let id = self.any_task(said.task);
        let task: Option<&Task> = self.state.task(&id).map(AsRef::as_ref);
        let current = task.map_or(0, |task| task.attempt);
        let own = task.and_then(|task| task.node.clone());
        Report {
            attempt: said
                .attempt
                .map(|attempt| (current + attempt).saturating_sub(1)),
            node: match said.node {
                None => None,
                Some(None) => own,
                Some(Some(other)) => Some(node_id(other)),
            },
            status: STATUSES[usize::from(said.status)],
            container_id: said.container.map(|n| format!("c{n}")),
            exit_code: said.exit_code,
            error: said.error.then(|| "went wrong".into()),
            reason: said.reason.map(|n| format!("reason\n{n}")),
            restart_count: said.restart_count,
            health: said
                .health
                .map(|ok| if ok { "healthy" } else { "unhealthy" }.into()),
            task: id,
        }
    }
}

fn condition(degraded: Option<bool>) -> EngineCondition {
    match degraded {
        None => EngineCondition::Unsaid,
        Some(false) => EngineCondition::Ready,
        Some(true) => EngineCondition::Degraded("docker does not answer".into()),
    }
}

fn submission(asked: Asked) -> Command {
    let ports = asked.port.map(|(port, everywhere)| Port {
        name: None,
        container_port: 80,
        host_port: Some(port),
        host_ip: (!everywhere).then(|| "127.0.0.1".into()),
        protocol: Protocol::Tcp,
    });
    Command::Submit(Submit {
        spec: Spec {
            name: "web".into(),
            image: "nginx".into(),
            ports: ports.into_iter().collect(),
            requests: Requests {
                cpu_millicores: asked.cpu_millicores,
                memory_bytes: asked.memory_bytes,
            },
            max_attempts: asked.max_attempts,
            ..Spec::default()
        },
        idempotency: asked.key.map(|(key, fingerprint)| Idempotency {
            key: format!("key-{key}").into(),
            fingerprint,
        }),
    })
}
