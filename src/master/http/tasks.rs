//! Tasks: submit, look, stop, remove, and what workers report.

mod list;
mod remove;
mod submit;

pub use list::{__path_list, NEXT_CURSOR, limit, list};
pub use remove::{__path_remove, remove};
pub use submit::{__path_submit, submit};

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::Refused;
use super::{Data, Error};
use crate::core::{Change, Command, State, Stop, Task, TaskId, Write};
use crate::http::{Body, Query};
use crate::master::convert;
use crate::wire;

/// Seconds between SIGTERM and SIGKILL when nothing is said.
const GRACE_SECONDS: u32 = 10;

/// One task.
#[utoipa::path(
    get,
    path = "/api/v1/tasks/{id}",
    tag = "tasks",
    params(("id" = String, Path, description = "The task's id")),
    responses((status = 200, description = "The task", body = wire::Task), Refused),
)]
pub async fn get(shared: Data, id: web::Path<String>) -> Result<HttpResponse, Error> {
    let task = known(&shared, &TaskId::from(id.into_inner()))?;
    Ok(HttpResponse::Ok().json(convert::task(&task)))
}

/// What became of a task; normally called by its worker. What is older than what is known
/// changes nothing and is answered with the task as it is.
#[utoipa::path(
    put,
    path = "/api/v1/tasks/{id}/status",
    tag = "tasks",
    params(("id" = String, Path, description = "The task's id")),
    request_body = wire::Report,
    responses((status = 200, description = "The task as it is now", body = wire::Task), Refused),
)]
pub async fn report(
    shared: Data,
    id: web::Path<String>,
    body: Body<wire::Report>,
) -> Result<HttpResponse, Error> {
    let report = convert::report(&id, body.0, "")?;
    let task = carry_out(&shared, report.task.clone(), Command::Report(report)).await?;
    Ok(HttpResponse::Ok().json(convert::task(&task)))
}

/// Ends a task; asking again changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/tasks/{id}/stop",
    tag = "tasks",
    params(("id" = String, Path, description = "The task's id")),
    request_body = Option<wire::Stop>,
    responses((status = 202, description = "It will end", body = wire::Task), Refused),
)]
pub async fn stop(
    shared: Data,
    id: web::Path<String>,
    body: Body<wire::Stop>,
) -> Result<HttpResponse, Error> {
    if body.0.attempt.is_some() {
        let text = "attempt: the master stops a task, whichever attempt it is in; leave it out";
        return Err(Error::Malformed(text.into()));
    }
    let id = TaskId::from(id.into_inner());
    let stop = Stop {
        task: id.clone(),
        grace_seconds: body.0.grace_period_seconds.unwrap_or(GRACE_SECONDS),
    };
    let task = carry_out(&shared, id, Command::Stop(stop)).await?;
    Ok(HttpResponse::Accepted().json(convert::task(&task)))
}

/// The query of a task's history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListEvents {
    /// At most so many; without it, all.
    limit: Option<usize>,
    /// Where to go on: the cursor an earlier answer gave.
    cursor: Option<u64>,
}

/// A task's own last events, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/tasks/{id}/events",
    tag = "tasks",
    params(("id" = String, Path, description = "The task's id"), ListEvents),
    responses((status = 200, description = "Its history", body = Vec<wire::Event>), Refused),
)]
pub async fn events(
    shared: Data,
    id: web::Path<String>,
    query: Query<ListEvents>,
) -> Result<HttpResponse, Error> {
    let task = known(&shared, &TaskId::from(id.into_inner()))?;
    let after = query.0.cursor.unwrap_or(0);
    let limit = limit(query.0.limit)?;
    let newer: Vec<_> = task.history.iter().filter(|e| e.sequence > after).collect();
    let page = &newer[..limit.min(newer.len())];
    let next = page.last().filter(|_| page.len() < newer.len());
    let events: Vec<_> = page.iter().map(|event| convert::event(event)).collect();
    let mut answer = HttpResponse::Ok();
    if let Some(next) = next {
        answer.insert_header((NEXT_CURSOR, next.sequence.to_string()));
    }
    Ok(answer.json(events))
}

/// The task as it is in memory.
pub(super) fn known(shared: &Data, id: &TaskId) -> Result<Arc<Task>, Error> {
    let task = shared.cluster.read(|state| state.task(id).cloned());
    task.ok_or_else(|| Error::NoTask(id.clone()))
}

/// Carries out a command about a task that is there, and gives the task as it is then.
async fn carry_out(shared: &Data, id: TaskId, command: Command) -> Result<Arc<Task>, Error> {
    let read = |state: &State, changes: &[Change]| last_form(state, changes, &id);
    let task = shared.cluster.mutate(command, read).await?;
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
