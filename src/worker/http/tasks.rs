//! One task: how it is, that it is to stop, that it is to go.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::{State, unknown_task};
use crate::http::{Body, Refusal};
use crate::wire::{Stop, StopOrder};

/// What a container gets between SIGTERM and SIGKILL when nothing else is said.
const GRACE_SECONDS: u32 = 10;
/// The longest of it, as at the master: a day.
const LONGEST_GRACE_SECONDS: u32 = 86_400;
/// A removal is waited for so long; then it goes on by itself.
const REMOVAL_PATIENCE: Duration = Duration::from_secs(8);

/// `GET /api/v1/tasks/{id}/status`
pub async fn status(
    state: web::Data<State>,
    id: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    let view = state.runner.view(&id).ok_or_else(|| unknown_task(&id))?;
    let task = view.borrow().as_task();
    Ok(HttpResponse::Ok().json(task))
}

/// `POST /api/v1/tasks/{id}/stop`: also of a task that is not here, so that an order to run it
/// that comes later changes nothing.
pub async fn stop(
    state: web::Data<State>,
    id: web::Path<String>,
    body: Body<Stop>,
) -> Result<HttpResponse, Refusal> {
    let grace_period_seconds = body.0.grace_period_seconds.unwrap_or(GRACE_SECONDS);
    if grace_period_seconds > LONGEST_GRACE_SECONDS {
        return Err(Refusal::invalid(format!(
            "invalid field `gracePeriodSeconds`: must be at most {LONGEST_GRACE_SECONDS}"
        )));
    }
    let known = state
        .runner
        .view(&id)
        .map(|view| view.borrow().task.attempt);
    let attempt = body.0.attempt.or(known).ok_or_else(|| unknown_task(&id))?;
    state.runner.stop(&StopOrder {
        task_id: id.clone(),
        attempt,
        grace_period_seconds,
        remove: false,
    });
    let answer = json!({"message": "task is being stopped", "taskId": *id});
    Ok(HttpResponse::Accepted().json(answer))
}

/// `DELETE /api/v1/tasks/{id}`: stopped first when it still runs. 200 when it is gone, 202 when
/// that takes longer.
pub async fn remove(
    state: web::Data<State>,
    id: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    let mut view = state.runner.view(&id).ok_or_else(|| unknown_task(&id))?;
    let (attempt, ended) = {
        let view = view.borrow();
        (view.task.attempt, view.ended)
    };
    state.runner.stop(&StopOrder {
        task_id: id.clone(),
        attempt,
        grace_period_seconds: GRACE_SECONDS,
        remove: true,
    });
    // Its supervisor goes with the last of it, and then nobody changes the view any more. One that
    // still runs is not waited for: it may take its whole grace.
    let gone = async { while view.changed().await.is_ok() {} };
    if ended && tokio::time::timeout(REMOVAL_PATIENCE, gone).await.is_ok() {
        return Ok(HttpResponse::Ok().json(json!({"message": "task removed", "taskId": *id})));
    }
    let answer = json!({"message": "task is being removed", "taskId": *id});
    Ok(HttpResponse::Accepted().json(answer))
}
