//! Tasks: submit, look, stop, remove, and what workers report.

use std::sync::Arc;

use super::Error;
use crate::core::{Change, Command, Idempotency, Remove, State, Stop, Submit, Task, TaskId, Write};
use crate::master::cluster::Cluster;
use crate::master::convert;
use crate::wire;

/// Seconds between SIGTERM and SIGKILL when nothing is said.
const GRACE_SECONDS: u32 = 10;

/// A new task, or the one that was made under the same key before.
pub async fn submit(
    cluster: &Cluster,
    body: wire::SubmitTask,
    key: Option<&str>,
) -> Result<wire::Task, Error> {
    let idempotency = key.map(|key| Idempotency {
        key: key.into(),
        fingerprint: convert::fingerprint(&body),
    });
    let spec = convert::spec(body)?;
    let command = Command::Submit(Submit { spec, idempotency });
    let read = |state: &State, changes: &[Change]| made(state, changes, key);
    match cluster.mutate(command, read).await? {
        Some(task) => Ok(convert::task(&task)),
        None => Err(Error::Internal("the task was accepted and can't be found")),
    }
}

/// The task as it is in memory.
pub fn task(cluster: &Cluster, id: &TaskId) -> Result<Arc<Task>, Error> {
    let task = cluster.read(|state| state.task(id).cloned());
    task.ok_or_else(|| Error::NoTask(id.clone()))
}

/// What a worker says of a task; the task as it is then.
pub async fn report(cluster: &Cluster, id: TaskId, body: wire::Report) -> Result<Arc<Task>, Error> {
    let report = convert::report(id, body, "")?;
    carry_out(cluster, report.task.clone(), Command::Report(report)).await
}

/// Ends a task; asking again changes nothing.
pub async fn stop(cluster: &Cluster, id: &str, body: wire::Stop) -> Result<wire::Task, Error> {
    if body.attempt.is_some() {
        let text = "attempt: the master stops a task, whichever attempt it is in; leave it out";
        return Err(Error::Malformed(text.into()));
    }
    let id = TaskId::from(id);
    let stop = Stop {
        task: id.clone(),
        grace_seconds: body.grace_period_seconds.unwrap_or(GRACE_SECONDS),
    };
    let task = carry_out(cluster, id, Command::Stop(stop)).await?;
    Ok(convert::task(&task))
}

/// What became of the wish to remove a task.
pub struct Removal {
    /// It is gone; else it goes when it has ended.
    pub gone: bool,
    /// Its last form so far.
    pub task: Arc<Task>,
}

/// Forgets a task; with `force` also one that has not ended, which is stopped first.
pub async fn remove(cluster: &Cluster, id: &TaskId, force: bool) -> Result<Removal, Error> {
    let command = Command::Remove(Remove {
        task: id.clone(),
        force,
    });
    let (gone, task) = cluster
        .mutate(command, |state, changes| {
            (state.task(id).is_none(), last_form(state, changes, id))
        })
        .await?;
    let task = task.ok_or_else(|| Error::NoTask(id.clone()))?;
    Ok(Removal { gone, task })
}

/// Carries out a command about a task that is there, and gives the task as it is then.
async fn carry_out(cluster: &Cluster, id: TaskId, command: Command) -> Result<Arc<Task>, Error> {
    let read = |state: &State, changes: &[Change]| last_form(state, changes, &id);
    let task = cluster.mutate(command, read).await?;
    task.ok_or(Error::NoTask(id))
}

/// The task as the changes left it: also when they removed it.
fn last_form(state: &State, changes: &[Change], id: &TaskId) -> Option<Arc<Task>> {
    let changed = changes.iter().rev().find_map(|change| match &change.write {
        Write::PutTask(task) | Write::RemoveTask(task) if task.id == *id => Some(task),
        _ => None,
    });
    changed.or_else(|| state.task(id)).cloned()
}

/// The task that was made now, or earlier under the same key.
fn made(state: &State, changes: &[Change], key: Option<&str>) -> Option<Arc<Task>> {
    let new = changes.iter().rev().find_map(|change| match &change.write {
        Write::PutTask(task) => Some(task),
        _ => None,
    });
    new.or_else(|| state.task_by_key(key?)).cloned()
}
