//! A master that answers what a test wants and remembers what it was told.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::client::Error;
use crate::wire::{Heartbeat, Instructions, Register, Report, Reported, StopOrder, Task};
use crate::worker::{Answer, Master};

#[derive(Default)]
pub struct ScriptedMaster {
    inner: Mutex<Inner>,
}

#[derive(Default)]
pub struct Inner {
    /// One line each: `register`, `heartbeat a=running b=completed`, `report a=running`.
    pub told: Vec<String>,
    pub registrations: Vec<Register>,
    pub heartbeats: Vec<Heartbeat>,
    /// It does not answer.
    pub away: bool,
    /// It has forgotten the node.
    pub forgotten: bool,
    /// Reports are answered with this status.
    pub report_status: Option<u16>,
    /// Heartbeats too.
    pub heartbeat_status: Option<u16>,
    /// Registrations are refused with this code: another worker has the node's id or address.
    pub taken: Option<&'static str>,
    /// Reports and the drain take so long.
    pub slow: Duration,
    pub run: Vec<Task>,
    pub stop: Vec<StopOrder>,
    /// Whatever a heartbeat names is stale: to be stopped and removed.
    pub all_stale: bool,
    /// Of which cluster it is.
    pub cluster_id: Option<String>,
    /// Out of touch for so long, it takes the node for lost.
    pub node_timeout_ms: Option<u64>,
    /// What it knows of tasks.
    pub tasks: Vec<Task>,
    /// Who asks for one of them waits for ever.
    pub mute_about_tasks: bool,
}

impl ScriptedMaster {
    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    async fn think(&self) {
        let slow = self.inner().slow;
        if !slow.is_zero() {
            tokio::time::sleep(slow).await;
        }
    }

    pub fn told(&self) -> Vec<String> {
        self.inner().told.clone()
    }

    /// How many of what was told begin so.
    pub fn count(&self, what: &str) -> usize {
        let inner = self.inner();
        inner
            .told
            .iter()
            .filter(|told| told.starts_with(what))
            .count()
    }
}

impl Inner {
    fn check(&self) -> Result<(), Error> {
        if self.away {
            return Err(Error::Unreachable {
                url: "http://localhost:8080".into(),
                why: "it is away".into(),
            });
        }
        Ok(())
    }

    /// As it knows it, or as it is reported.
    fn reported(&self, task_id: &str, report: &Report) -> Reported {
        let known = self.tasks.iter().find(|task| task.task_id == task_id);
        match known {
            Some(task) => Reported {
                attempt: task.attempt,
                node_id: task.node_id.clone(),
            },
            None => Reported {
                attempt: report.attempt.unwrap_or_default(),
                node_id: report.node_id.clone(),
            },
        }
    }

    fn answer(&mut self) -> Instructions {
        let run = std::mem::take(&mut self.run);
        let stop = std::mem::take(&mut self.stop);
        Instructions {
            cluster_id: self.cluster_id.as_deref().map(Into::into),
            node_timeout_ms: self.node_timeout_ms,
            run,
            stop,
        }
    }
}

fn status(status: u16) -> Error {
    Error::Status {
        status,
        code: "no".into(),
        error: "no".into(),
        retry_after: None,
    }
}

impl Master for ScriptedMaster {
    fn register(&self, node: Register) -> Answer<'_, Instructions> {
        Box::pin(async move {
            let mut inner = self.inner();
            inner.check()?;
            if let Some(code) = inner.taken {
                return Err(Error::Status {
                    status: 409,
                    code: code.into(),
                    error: "node n is at b:8081".into(),
                    retry_after: None,
                });
            }
            inner.forgotten = false;
            inner.told.push("register".into());
            inner.registrations.push(node);
            Ok(inner.answer())
        })
    }

    fn heartbeat<'a>(&'a self, _: &'a str, beat: Heartbeat) -> Answer<'a, Instructions> {
        Box::pin(async move {
            // An answer takes time, else endless talk would never let any pass.
            tokio::time::sleep(Duration::from_millis(1)).await;
            let mut inner = self.inner();
            inner.check()?;
            if inner.forgotten {
                return Err(status(404));
            }
            if let Some(refused) = inner.heartbeat_status {
                return Err(status(refused));
            }
            let mut line = "heartbeat".to_owned();
            let mut tasks = beat.tasks.clone().unwrap_or_default();
            tasks.sort_by(|a, b| a.task_id.cmp(&b.task_id));
            for task in &tasks {
                line += &format!(" {}={}", task.task_id, task.report.status);
            }
            if inner.all_stale {
                let named = tasks.iter().map(|task| {
                    super::stop(&task.task_id, task.report.attempt.unwrap_or_default(), true)
                });
                inner.stop = named.collect();
            }
            inner.told.push(line);
            inner.heartbeats.push(beat);
            Ok(inner.answer())
        })
    }

    fn report<'a>(&'a self, task_id: &'a str, report: Report) -> Answer<'a, Reported> {
        Box::pin(async move {
            self.think().await;
            let mut inner = self.inner();
            inner.check()?;
            inner
                .told
                .push(format!("report {task_id}={}", report.status));
            match inner.report_status {
                Some(refused) => Err(status(refused)),
                None => Ok(inner.reported(task_id, &report)),
            }
        })
    }

    fn task<'a>(&'a self, task_id: &'a str) -> Answer<'a, Task> {
        Box::pin(async move {
            if self.inner().mute_about_tasks {
                std::future::pending::<()>().await;
            }
            let inner = self.inner();
            inner.check()?;
            let found = inner.tasks.iter().find(|task| task.task_id == task_id);
            found.cloned().ok_or_else(|| status(404))
        })
    }

    fn drain<'a>(&'a self, _: &'a str, deadline_seconds: u64) -> Answer<'a, ()> {
        Box::pin(async move {
            self.think().await;
            let mut inner = self.inner();
            inner.told.push(format!("drain {deadline_seconds}"));
            inner.check()
        })
    }

    fn deregister<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut inner = self.inner();
            inner.told.push("deregister".into());
            inner.check()
        })
    }
}
