//! The progress of an image's pull.

use actix_web::error::JsonPayloadError;
use actix_web::{HttpResponse, web};
use futures_util::StreamExt;
use tokio_util::bytes::Bytes;

use super::{State, unknown_task};
use crate::http::{Refusal, until};

/// `GET /api/v1/tasks/{id}/pull`: newline-delimited JSON until the pull is over; empty when nothing
/// is pulled for it.
pub async fn pull(state: State, id: web::Path<String>) -> Result<HttpResponse, Refusal> {
    let view = state.runner().view(&id).ok_or_else(|| unknown_task(&id))?;
    let image = view.borrow().task.image.clone();
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/x-ndjson");
    let Some(steps) = state.runner().shared().pulls.watch(&image) else {
        return Ok(answer.finish());
    };
    let lines = steps.map(|step| {
        let mut line = serde_json::to_vec(&step).map_err(JsonPayloadError::Serialize)?;
        line.push(b'\n');
        Ok::<Bytes, JsonPayloadError>(line.into())
    });
    Ok(answer.streaming(until(state.streams.clone(), lines)))
}
