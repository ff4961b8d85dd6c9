//! Orders to run tasks.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::State;
use crate::http::{Body, Refusal};
use crate::wire::{Execute, ExecuteBatch, ExecuteVerdict, Task};
use crate::worker::order::Verdict;

/// `POST /api/v1/tasks/{id}/execute`
pub async fn one(
    state: web::Data<State>,
    id: web::Path<String>,
    body: Body<Execute>,
) -> Result<HttpResponse, Refusal> {
    let task = body.0.task;
    if task.task_id != *id {
        return Err(Refusal::invalid("task ID mismatch"));
    }
    check(&task)?;
    is_meant(&state, &task)?;
    taken(state.runner.execute(task))?;
    Ok(HttpResponse::Accepted().json(json!({
        "message": "task accepted for execution",
        "taskId": *id,
    })))
}

/// `POST /api/v1/tasks/execute`
pub async fn batch(state: web::Data<State>, body: Body<ExecuteBatch>) -> HttpResponse {
    let verdicts: Vec<ExecuteVerdict> = body
        .0
        .tasks
        .into_iter()
        .map(|task| {
            let task_id = task.task_id.clone();
            let refusal = check(&task)
                .and_then(|()| is_meant(&state, &task))
                .and_then(|()| taken(state.runner.execute(task)))
                .err();
            let refusal = refusal.as_ref().map(Refusal::body);
            ExecuteVerdict {
                task_id,
                accepted: refusal.is_none(),
                error: refusal.map(|body| body.error.clone()),
                code: refusal.map(|body| body.code.clone()),
            }
        })
        .collect();
    HttpResponse::Ok().json(verdicts)
}

const LONGEST_ID: usize = 128;
const SHUTTING_DOWN: &str = "this worker is shutting down and takes no more tasks";

fn taken(verdict: Verdict) -> Result<(), Refusal> {
    match verdict {
        Verdict::Accepted => Ok(()),
        Verdict::OlderAttempt { seen } => Err(Refusal::conflict(
            "older_attempt",
            format!("this is an older attempt: attempt {seen} was seen already"),
        )),
        Verdict::ShuttingDown => Err(Refusal::unavailable("shutting_down", SHUTTING_DOWN, 5)),
    }
}

/// What the container's name and labels are made of has to be there, and the id has to fit in a
/// container's name. The rest was checked by the master.
fn check(task: &Task) -> Result<(), Refusal> {
    for (field, text) in [
        ("taskId", &task.task_id),
        ("name", &task.name),
        ("image", &task.image),
    ] {
        if text.is_empty() {
            return Err(Refusal::invalid(format!(
                "invalid field `task.{field}`: is empty"
            )));
        }
    }
    if !is_id(&task.task_id) {
        return Err(Refusal::invalid(
            "invalid field `task.taskId`: must match [a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}",
        ));
    }
    Ok(())
}

/// A master that calls the wrong address must not run a task twice. Masters of the Go project name
/// no node.
fn is_meant(state: &State, task: &Task) -> Result<(), Refusal> {
    let here = &state.runner.shared().node_id;
    match &task.node_id {
        Some(node) if node != here => Err(Refusal::conflict(
            "other_node",
            format!("the task is for node {node}, and this is {here}"),
        )),
        Some(_) | None => Ok(()),
    }
}

fn is_id(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"_.-".contains(&c);
    text.len() <= LONGEST_ID
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(allowed)
}
