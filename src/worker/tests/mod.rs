//! The worker without Docker: scripted engine, scripted master, paused time.

mod adopted;
mod agent;
mod engine;
mod master;
mod reports;
mod runner;
mod shutdown;
mod unseen;

use std::sync::Arc;
use std::time::Duration;

use self::master::ScriptedMaster;
use super::Options;
use super::agent::Agent;
use super::contact::Contact;
use super::engine::{EngineState, watch_engine};
use super::metrics::Metrics;
use super::pulls::Pulls;
use super::reporter::Reporter;
use super::runner::Runner;
use super::runtime::scripted::{Behaviour, Scripted};
use super::shared::Shared;
use crate::clock::{Clock, SharedClock};
use crate::core::{Monotonic, Now, Timestamp};
use crate::wire::{RestartPolicy, StopOrder, Task};

/// tokio's time, which stands still until everybody waits for it.
struct PausedClock {
    begin: tokio::time::Instant,
    random: u64,
}

impl Clock for PausedClock {
    fn now(&self) -> Now {
        let ms = self.begin.elapsed().as_millis() as u64;
        Now {
            wall: Timestamp(ms as i64),
            mono: Monotonic(ms),
            random: self.random,
        }
    }
}

/// A worker without its HTTP server.
pub struct Rig {
    pub engine: Scripted,
    pub master: Arc<ScriptedMaster>,
    pub runner: Arc<Runner>,
    pub contact: Arc<Contact>,
    pub clock: SharedClock,
}

impl Rig {
    /// Nothing goes yet: the engine is not watched, the agent says nothing. The engine has the
    /// images `service` (runs until stopped) and `job` (1 s, exit code 0).
    pub fn new() -> Self {
        let engine = Scripted::default();
        engine.image("service", Behaviour::service());
        engine.image("job", Behaviour::job(Duration::from_secs(1), 0));
        engine.image("broken", Behaviour::job(Duration::from_secs(1), 1));
        Self::on(engine)
    }

    /// A new process of the worker on an engine that is there.
    pub fn on(engine: Scripted) -> Self {
        Self::of(engine, 0)
    }

    /// The same, where chance always falls so.
    pub fn of(engine: Scripted, random: u64) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the clock of these tests"
        )]
        let clock: SharedClock = Arc::new(PausedClock {
            begin: tokio::time::Instant::now(),
            random,
        });
        let runtime = Arc::new(engine.clone());
        let runner = Runner::new(Arc::new(Shared {
            node_id: "n".into(),
            reporter: Reporter::default(),
            pulls: Pulls::new(runtime.clone()),
            engine: EngineState::default(),
            metrics: Metrics::default(),
            clock: Arc::clone(&clock),
            runtime,
        }));
        Self {
            engine,
            master: Arc::default(),
            runner,
            contact: Arc::new(Contact::new(Arc::clone(&clock))),
            clock,
        }
    }

    /// The same, with the engine watched and the agent talking.
    pub fn going() -> Self {
        let rig = Self::new();
        rig.watch();
        rig.talk();
        rig
    }

    pub fn watch(&self) {
        tokio::spawn(watch_engine(Arc::clone(&self.runner)));
    }

    pub fn talk(&self) {
        let mut agent = self.agent();
        tokio::spawn(async move { agent.run().await });
    }

    /// An agent that says nothing before it is run.
    pub fn agent(&self) -> Agent {
        Agent::new(
            options(),
            Arc::clone(&self.runner),
            self.master.clone(),
            Arc::clone(&self.contact),
        )
    }

    /// How a task is, when the worker knows it.
    pub fn status(&self, task_id: &str) -> Option<String> {
        let view = self.runner.view(task_id)?;
        let status = view.borrow().report.status.clone();
        Some(status)
    }

    /// Waits until a task is so.
    pub async fn until(&self, task_id: &str, status: &str) {
        let mut view = self.runner.view(task_id).expect("it is known");
        let found = tokio::time::timeout(
            Duration::from_secs(600),
            view.wait_for(|view| view.report.status == status),
        );
        let reached = found.await.is_ok_and(|found| found.is_ok());
        assert!(
            reached,
            "{task_id} is {:?}: {:?}",
            self.status(task_id),
            self.engine.journal()
        );
    }

    pub fn now_ms(&self) -> u64 {
        self.clock.now().mono.0
    }
}

pub fn options() -> Options {
    Options {
        node_id: "n".into(),
        hostname: "localhost".into(),
        bind: [127, 0, 0, 1].into(),
        port: 8081,
        master_url: "http://localhost:8080".into(),
        heartbeat_interval: Duration::from_secs(30),
        shutdown_timeout: Duration::from_secs(30),
        leave_running: false,
        capacity: Some(7),
        cpu_millicores: None,
        memory_bytes: None,
        labels: Default::default(),
    }
}

pub fn task(id: &str, image: &str) -> Task {
    attempt(id, image, 1)
}

pub fn attempt(id: &str, image: &str, attempt: u32) -> Task {
    serde_json::from_value(serde_json::json!({
        "taskId": id, "name": "web", "image": image, "attempt": attempt, "status": "scheduled",
    }))
    .expect("a task")
}

pub fn restarted(policy: RestartPolicy, task: Task) -> Task {
    Task {
        restart_policy: policy,
        ..task
    }
}

pub fn stop(task_id: &str, attempt: u32, remove: bool) -> StopOrder {
    StopOrder {
        task_id: task_id.into(),
        attempt,
        grace_period_seconds: 10,
        remove,
    }
}

/// Lets everybody go on until so much time has passed.
pub async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
