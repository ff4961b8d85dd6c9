//! `DELETE /api/v1/tasks/{id}`: an ended task goes at once, a running one is stopped first.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::timeout;
use utoipa::IntoParams;

use super::super::error::Refused;
use super::super::{Data, Error};
use crate::core::{Task, TaskId, Write};
use crate::http::Query;
use crate::master::api::{self, Removal};
use crate::master::convert;
use crate::master::feed::Committed;
use crate::wire;

/// A forced removal is waited for so long; it goes on when the wait is over.
const WAIT: Duration = Duration::from_secs(30);

/// The query of a removal.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct How {
    /// Also when it has not ended: it is stopped first.
    force: Option<bool>,
}

/// Forgets a task; its container goes too.
#[utoipa::path(
    delete,
    path = "/api/v1/tasks/{id}",
    tag = "tasks",
    params(("id" = String, Path, description = "The task's id"), How),
    responses(
        (status = 200, description = "Gone; this was its last form", body = wire::Task),
        (status = 202, description = "It goes as soon as it has ended", body = wire::Task),
        Refused,
    ),
)]
pub async fn remove(
    shared: Data,
    id: web::Path<String>,
    query: Query<How>,
) -> Result<HttpResponse, Error> {
    let id = TaskId::from(id.into_inner());
    // Ordering: subscribe first, then ask, so that its going can't be missed.
    let committed = shared.followers.subscribe();
    let force = query.0.force.unwrap_or(false);
    let Removal { gone, task } = api::remove(&shared.cluster, &id, force).await?;
    if gone {
        return Ok(HttpResponse::Ok().json(convert::task(&task)));
    }
    let going = timeout(WAIT, until_gone(&shared, committed, task.clone()));
    let waited = tokio::select! {
        waited = going => waited.ok(),
        () = shared.stop.cancelled() => None,
    };
    Ok(match waited {
        Some(last) => HttpResponse::Ok().json(convert::task(&last)),
        None => HttpResponse::Accepted().json(convert::task(&task)),
    })
}

/// Waits for the removal and gives the task's last form.
async fn until_gone(
    shared: &Data,
    mut committed: Receiver<Committed>,
    mut last: Arc<Task>,
) -> Arc<Task> {
    loop {
        match committed.recv().await {
            Ok(changes) => {
                for change in changes.iter() {
                    match &change.write {
                        Write::PutTask(task) if task.id == last.id => last = task.clone(),
                        Write::RemoveTask(task) if task.id == last.id => return task.clone(),
                        _ => {}
                    }
                }
            }
            // Too much at once to follow: look instead. Closed: the master is ending.
            Err(RecvError::Lagged(_)) => match shared.cluster.read(|s| s.task(&last.id).cloned()) {
                Some(task) => last = task,
                None => return last,
            },
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
