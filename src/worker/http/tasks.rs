//! One task: how it is, that it is to stop, that it is to go.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::{State, unknown_task};
use crate::http::{Body, Refusal};
use crate::wire::Stop;
use crate::worker::orders::Removed;

/// `GET /api/v1/tasks/{id}/status`
pub async fn status(state: State, id: web::Path<String>) -> Result<HttpResponse, Refusal> {
    let view = state.runner().view(&id).ok_or_else(|| unknown_task(&id))?;
    let task = view.borrow().as_task();
    Ok(HttpResponse::Ok().json(task))
}

/// `POST /api/v1/tasks/{id}/stop`: also of a task that is not here. An older attempt than is here is
/// stopped already.
pub async fn stop(
    state: State,
    id: web::Path<String>,
    body: Body<Stop>,
) -> Result<HttpResponse, Refusal> {
    state.orders.stop(&id, &body.0)?;
    let message = match state.orders.goes_on(&id, &body.0) {
        Some(newer) => format!("attempt {newer} is here, a newer one: it goes on"),
        None => "task is being stopped".into(),
    };
    let answer = json!({"message": message, "taskId": *id});
    Ok(HttpResponse::Accepted().json(answer))
}

/// `DELETE /api/v1/tasks/{id}`: stopped first when it still runs. 200 when it is gone, 202 when
/// that takes longer.
pub async fn remove(state: State, id: web::Path<String>) -> Result<HttpResponse, Refusal> {
    Ok(match state.orders.remove(&id).await? {
        Removed::Gone => HttpResponse::Ok().json(json!({"message": "task removed", "taskId": *id})),
        Removed::Going => HttpResponse::Accepted()
            .json(json!({"message": "task is being removed", "taskId": *id})),
    })
}
