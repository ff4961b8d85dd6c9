//! The orders a worker takes from its master, between the API's types in and out: the handlers of
//! [`super::http`] put HTTP round it, the simulation calls it as it is.

use std::sync::Arc;
use std::time::Duration;

use super::contact::Contact;
use super::order::Verdict;
use super::runner::Runner;
use crate::http::Refusal;
use crate::wire::{ExecuteBatch, ExecuteVerdict, Health, Stop, StopOrder, Task};

/// What a container gets between SIGTERM and SIGKILL when nothing else is said.
const GRACE_SECONDS: u32 = 10;
/// The longest of it, as at the master: a day.
const LONGEST_GRACE_SECONDS: u32 = 86_400;
/// A removal is waited for so long; then it goes on by itself.
const REMOVAL_PATIENCE: Duration = Duration::from_secs(8);
const LONGEST_ID: usize = 128;
const SHUTTING_DOWN: &str = "this worker is shutting down and takes no more tasks";

/// Takes orders.
#[derive(Clone)]
pub struct Orders {
    runner: Arc<Runner>,
    contact: Arc<Contact>,
}

/// What became of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Gone,
    /// That takes longer, and goes on by itself.
    Going,
}

impl Orders {
    pub(super) fn new(runner: Arc<Runner>, contact: Arc<Contact>) -> Self {
        Self { runner, contact }
    }

    pub(super) fn runner(&self) -> &Arc<Runner> {
        &self.runner
    }

    /// A request came in, whatever it asks.
    pub fn contacted(&self) {
        self.contact.touch();
    }

    /// Whether it is there, and who it is.
    pub fn health(&self) -> Health {
        Health {
            status: "ok".into(),
            service: "podling-worker".into(),
            node_id: Some(self.runner.shared().node_id.clone()),
            engine_id: self.runner.shared().engine_id(),
        }
    }

    /// Run this.
    ///
    /// # Errors
    /// It makes no sense, is older than what was seen, or the worker is shutting down.
    pub fn execute(&self, id: &str, task: Task) -> Result<(), Refusal> {
        if task.task_id != id {
            return Err(Refusal::invalid("task ID mismatch"));
        }
        self.check(&task)?;
        taken(self.runner.execute(task))
    }

    /// Run all of these; a verdict for each.
    pub fn execute_batch(&self, batch: ExecuteBatch) -> Vec<ExecuteVerdict> {
        let verdict = |task: Task| {
            let task_id = task.task_id.clone();
            let taken = self
                .check(&task)
                .and_then(|()| taken(self.runner.execute(task)));
            let refusal = taken.as_ref().err().map(Refusal::body);
            ExecuteVerdict {
                task_id,
                accepted: refusal.is_none(),
                error: refusal.map(|body| body.error.clone()),
                code: refusal.map(|body| body.code.clone()),
            }
        };
        batch.tasks.into_iter().map(verdict).collect()
    }

    fn check(&self, task: &Task) -> Result<(), Refusal> {
        makes_sense(task)?;
        is_meant(task, &self.runner.shared().node_id)
    }

    /// Stop this: also a task that is not here, so that an order to run it that comes later changes
    /// nothing.
    ///
    /// # Errors
    /// The grace is too long, or neither the order nor the worker knows which attempt is meant.
    pub fn stop(&self, id: &str, stop: &Stop) -> Result<(), Refusal> {
        let grace_period_seconds = stop.grace_period_seconds.unwrap_or(GRACE_SECONDS);
        if grace_period_seconds > LONGEST_GRACE_SECONDS {
            return Err(Refusal::invalid(format!(
                "invalid field `gracePeriodSeconds`: must be at most {LONGEST_GRACE_SECONDS}"
            )));
        }
        let known = self.runner.view(id).map(|view| view.borrow().task.attempt);
        let attempt = stop.attempt.or(known).ok_or_else(|| unknown_task(id))?;
        self.runner.stop(&StopOrder {
            task_id: id.to_owned(),
            attempt,
            grace_period_seconds,
            remove: false,
        });
        Ok(())
    }

    /// The attempt that is here, when it is newer than the one that this is to stop: it goes on.
    pub(super) fn goes_on(&self, id: &str, stop: &Stop) -> Option<u32> {
        let here = self.runner.view(id)?.borrow().task.attempt;
        stop.attempt.filter(|old| *old < here).map(|_| here)
    }

    /// Remove its container; stopped first when it still runs.
    ///
    /// # Errors
    /// There is no such task here.
    pub async fn remove(&self, id: &str) -> Result<Removed, Refusal> {
        let mut view = self.runner.view(id).ok_or_else(|| unknown_task(id))?;
        let (attempt, ended) = {
            let view = view.borrow();
            (view.task.attempt, view.ended)
        };
        self.runner.stop(&StopOrder {
            task_id: id.to_owned(),
            attempt,
            grace_period_seconds: GRACE_SECONDS,
            remove: true,
        });
        // Its supervisor goes with the last of it, and then nobody changes the view any more. One
        // that still runs is not waited for: it may take its whole grace.
        let gone = async { while view.changed().await.is_ok() {} };
        if ended && tokio::time::timeout(REMOVAL_PATIENCE, gone).await.is_ok() {
            return Ok(Removed::Gone);
        }
        Ok(Removed::Going)
    }
}

/// The refusal of what is about a task that is not here.
pub(super) fn unknown_task(id: &str) -> Refusal {
    Refusal::not_found(format!("task {id} is not on this node"))
}

fn taken(verdict: Verdict) -> Result<(), Refusal> {
    match verdict {
        Verdict::Accepted => Ok(()),
        Verdict::OlderAttempt { seen } => Err(Refusal::conflict(
            "older_attempt",
            format!("this is an older attempt: attempt {seen} was seen already"),
        )),
        Verdict::ShuttingDown => Err(Refusal::unavailable("shutting_down", SHUTTING_DOWN, 5)),
    }
}

/// What the container's name and labels are made of has to be there, and the id has to fit in a
/// container's name. The rest was checked by the master.
fn makes_sense(task: &Task) -> Result<(), Refusal> {
    for (field, text) in [
        ("taskId", &task.task_id),
        ("name", &task.name),
        ("image", &task.image),
    ] {
        if text.is_empty() {
            return Err(Refusal::invalid(format!(
                "invalid field `task.{field}`: is empty"
            )));
        }
    }
    if !is_id(&task.task_id) {
        return Err(Refusal::invalid(
            "invalid field `task.taskId`: must match [a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}",
        ));
    }
    Ok(())
}

/// A master that calls the wrong address must not run a task twice. Masters of the Go project name
/// no node.
fn is_meant(task: &Task, here: &str) -> Result<(), Refusal> {
    match &task.node_id {
        Some(node) if node != here => Err(Refusal::conflict(
            "other_node",
            format!("the task is for node {node}, and this is {here}"),
        )),
        Some(_) | None => Ok(()),
    }
}

fn is_id(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"_.-".contains(&c);
    text.len() <= LONGEST_ID
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(allowed)
}
