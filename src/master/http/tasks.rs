//! Tasks: submit, look, stop, remove, and what workers report.

mod list;
mod remove;
mod submit;

pub use list::{__path_list, NEXT_CURSOR, limit, list};
pub use remove::{__path_remove, remove};
pub use submit::{__path_submit, submit};

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::Refused;
use super::{Data, Error};
use crate::core::{Task, TaskId};
use crate::http::{Body, PathId, Query, prefers_minimal};
use crate::master::{api, convert};
use crate::wire;

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
    params(
        ("id" = String, Path, description = "The task's id"),
        (
            "Prefer" = Option<String>, Header,
            description = "`return=minimal`, and nothing else: of the task, its attempt and its node are enough",
        ),
    ),
    request_body = wire::Report,
    responses(
        (
            status = 200,
            description = "The task as it is now; with `return=minimal` only `attempt` and `nodeId`",
            body = wire::Task,
        ),
        Refused,
    ),
)]
pub async fn report(
    shared: Data,
    PathId(id): PathId<TaskId>,
    request: HttpRequest,
    body: Body<wire::Report>,
) -> Result<HttpResponse, Error> {
    let task = api::report(&shared.cluster, id, body.0).await?;
    let mut answer = HttpResponse::Ok();
    Ok(match prefers_minimal(&request) {
        true => answer.json(convert::reported(&task)),
        false => answer.json(convert::task(&task)),
    })
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
    let task = api::stop(&shared.cluster, &id, body.0).await?;
    Ok(HttpResponse::Accepted().json(task))
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
    let mut newer = task.events();
    newer.retain(|event| event.sequence > after);
    let page = &newer[..limit.min(newer.len())];
    let next = page.last().filter(|_| page.len() < newer.len());
    let events: Vec<_> = page.iter().map(convert::event).collect();
    let mut answer = HttpResponse::Ok();
    if let Some(next) = next {
        answer.insert_header((NEXT_CURSOR, next.sequence.to_string()));
    }
    Ok(answer.json(events))
}

/// The task as it is in memory.
pub(super) fn known(shared: &Data, id: &TaskId) -> Result<Arc<Task>, Error> {
    api::task(&shared.cluster, id)
}
