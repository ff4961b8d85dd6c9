//! `POST /api/v1/tasks`: the path every task takes in.

use actix_web::{HttpRequest, HttpResponse};

use super::super::error::Refused;
use super::super::{Data, Error};
use crate::http::Body;
use crate::master::api;
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
    let task = api::submit(&shared.cluster, body.0, key(&request)?).await?;
    Ok(HttpResponse::Created().json(task))
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
