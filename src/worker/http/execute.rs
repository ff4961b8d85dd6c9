//! Orders to run tasks.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::State;
use crate::http::{OrderBody, Refusal};
use crate::wire::{Execute, ExecuteBatch};

/// `POST /api/v1/tasks/{id}/execute`
pub async fn one(
    state: State,
    id: web::Path<String>,
    body: OrderBody<Execute>,
) -> Result<HttpResponse, Refusal> {
    state.orders.execute(&id, body.0.task)?;
    Ok(HttpResponse::Accepted().json(json!({
        "message": "task accepted for execution",
        "taskId": *id,
    })))
}

/// `POST /api/v1/tasks/execute`
pub async fn batch(state: State, body: OrderBody<ExecuteBatch>) -> HttpResponse {
    HttpResponse::Ok().json(state.orders.execute_batch(body.0))
}
