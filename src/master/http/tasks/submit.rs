//! `POST /api/v1/tasks`: the path every task takes in.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};

use super::super::error::Refused;
use super::super::{Data, Error};
use crate::core::{Change, Command, Idempotency, State, Submit, Task, Write};
use crate::http::Body;
use crate::master::convert;
use crate::wire;

const KEY: &str = "Idempotency-Key";
const KEY_MOST: usize = 255;

/// A new task. With an `Idempotency-Key` it can be repeated safely: the same request gives the
/// same task, another one under the same key is refused.
#[utoipa::path(
    post,
    path = "/api/v1/tasks",
    tag = "tasks",
    params(("Idempotency-Key" = Option<String>, Header, description = "Chosen by the client")),
    request_body = wire::SubmitTask,
    responses(
        (
            status = 201,
            description = "Durable: `scheduled` with its node, or `pending` and why",
            body = wire::Task,
        ),
        Refused,
    ),
)]
pub async fn submit(
    shared: Data,
    request: HttpRequest,
    body: Body<wire::SubmitTask>,
) -> Result<HttpResponse, Error> {
    let idempotency = match key(&request)? {
        Some(key) => Some(Idempotency {
            key: key.to_owned(),
            fingerprint: convert::fingerprint(&body.0),
        }),
        None => None,
    };
    let spec = convert::spec(body.0)?;
    let key = idempotency
        .as_ref()
        .map(|idempotency| idempotency.key.clone());
    let command = Command::Submit(Submit { spec, idempotency });
    let read = |state: &State, changes: &[Change]| made(state, changes, key.as_deref());
    let Some(task) = shared.cluster.mutate(command, read).await? else {
        return Err(Error::Internal("the task was accepted and can't be found"));
    };
    Ok(HttpResponse::Created().json(convert::task(&task)))
}

fn key(request: &HttpRequest) -> Result<Option<&str>, Error> {
    let Some(value) = request.headers().get(KEY) else {
        return Ok(None);
    };
    let key = value.to_str().ok();
    match key.filter(|key| (1..=KEY_MOST).contains(&key.len())) {
        Some(key) => Ok(Some(key)),
        None => Err(Error::Malformed(format!(
            "{KEY}: has to be 1 to {KEY_MOST} visible ASCII characters"
        ))),
    }
}

/// The task that was made now, or earlier under the same key.
fn made(state: &State, changes: &[Change], key: Option<&str>) -> Option<Arc<Task>> {
    let new = changes.iter().rev().find_map(|change| match &change.write {
        Write::PutTask(task) => Some(task),
        _ => None,
    });
    new.or_else(|| state.task_by_key(key?)).cloned()
}
