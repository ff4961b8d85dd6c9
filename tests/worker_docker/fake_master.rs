//! A master that writes down what a worker tells it and answers what a test wants.

use std::collections::BTreeMap;
use std::sync::Mutex;

use podling::client::Error;
use podling::wire::{Heartbeat, Instructions, Register, Report, Reported, StopOrder, Task};
use podling::worker::{Answer, Master};
use tokio::sync::watch;

/// What was told so far.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The latest report of each task.
    pub reports: BTreeMap<String, Report>,
    /// All statuses of each task, without repetitions, in order.
    pub statuses: BTreeMap<String, Vec<String>>,
    pub registrations: Vec<Register>,
    pub heartbeats: Vec<Heartbeat>,
    /// `drain 5`, `deregister`
    pub farewells: Vec<String>,
}

impl Told {
    fn note(&mut self, task_id: &str, report: &Report) {
        let statuses = self.statuses.entry(task_id.into()).or_default();
        if statuses.last() != Some(&report.status) {
            statuses.push(report.status.clone());
        }
        // An end that was accepted is named in short from then on, as masters know it.
        let ended = ["completed", "failed", "stopped"].contains(&report.status.as_str());
        let known = self.reports.get(task_id);
        let again = known.is_some_and(|known| {
            (known.attempt, &known.status) == (report.attempt, &report.status)
        });
        if !(ended && again) {
            self.reports.insert(task_id.into(), report.clone());
        }
    }
}

#[derive(Default)]
pub struct FakeMaster {
    told: watch::Sender<Told>,
    /// What the next registration or heartbeat is answered with.
    pub run: Mutex<Vec<Task>>,
    pub stop: Mutex<Vec<StopOrder>>,
}

impl FakeMaster {
    pub fn told(&self) -> watch::Receiver<Told> {
        self.told.subscribe()
    }

    fn answer(&self) -> Instructions {
        Instructions {
            cluster_id: None,
            node_timeout_ms: None,
            run: std::mem::take(&mut self.run.lock().unwrap()),
            stop: std::mem::take(&mut self.stop.lock().unwrap()),
        }
    }
}

impl Master for FakeMaster {
    fn register(&self, node: Register) -> Answer<'_, Instructions> {
        self.told.send_modify(|told| {
            for task in node.tasks.iter().flatten() {
                told.note(&task.task_id, &task.report);
            }
            told.registrations.push(node);
        });
        Box::pin(async { Ok(self.answer()) })
    }

    fn heartbeat<'a>(&'a self, _: &'a str, beat: Heartbeat) -> Answer<'a, Instructions> {
        self.told.send_modify(|told| {
            for task in beat.tasks.iter().flatten() {
                told.note(&task.task_id, &task.report);
            }
            told.heartbeats.push(beat);
        });
        Box::pin(async { Ok(self.answer()) })
    }

    fn report<'a>(&'a self, task_id: &'a str, report: Report) -> Answer<'a, Reported> {
        self.told.send_modify(|told| told.note(task_id, &report));
        let reported = Reported {
            attempt: report.attempt.unwrap_or_default(),
            node_id: report.node_id,
        };
        Box::pin(async { Ok(reported) })
    }

    fn task<'a>(&'a self, task_id: &'a str) -> Answer<'a, Task> {
        let url = format!("/api/v1/tasks/{task_id}");
        let why = "not this master".into();
        Box::pin(async { Err(Error::Unreachable { url, why }) })
    }

    fn drain<'a>(&'a self, _: &'a str, deadline_seconds: u64) -> Answer<'a, ()> {
        let farewell = format!("drain {deadline_seconds}");
        self.told.send_modify(|told| told.farewells.push(farewell));
        Box::pin(async { Ok(()) })
    }

    fn deregister<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        self.told
            .send_modify(|told| told.farewells.push("deregister".into()));
        Box::pin(async { Ok(()) })
    }
}
