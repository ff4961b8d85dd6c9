//! A new task: checked, made, and when a node fits placed, in one decision.

mod spec;

use std::sync::Arc;

use super::check::invalid;
use super::fresh_id::fresh_id;
use crate::core::draft::Draft;
use crate::core::{
    Change, Desired, History, Idempotency, Kind, Now, Rejection, Spec, State, Status, Submit, Task,
    TaskId, schedule, transition,
};
use crate::mutant::{self, Mutant};

/// Makes a task. A submission that was already accepted changes nothing: its task is found by
/// [`State::task_by_key`].
pub fn submit(state: &State, command: Submit, now: Now) -> Result<Vec<Change>, Rejection> {
    if let Some(idempotency) = &command.idempotency {
        check_key(&idempotency.key)?;
        let known = state.task_by_key(&idempotency.key);
        if let Some(task) = known.filter(|_| !mutant::is(Mutant::KeyForgotten)) {
            return repeated(task, idempotency);
        }
    }
    let spec = spec::checked(command.spec)?;
    let mut draft = Draft::new(state, now);
    let message = [&spec.name, " (", &spec.image, ")"].concat();
    let id = fresh_id(now, |id| state.task(&TaskId::from(id)).is_some());
    let task = Task {
        id: id.into(),
        sequence: draft.next_sequence(),
        spec: shared(state, spec),
        idempotency: command.idempotency.map(Box::new),
        desired: Desired::Run,
        status: Status::Pending,
        attempt: 0,
        placement: 0,
        node: None,
        container_id: None,
        reason: Box::default(),
        restart_count: 0,
        health: None,
        created_at: now.wall,
        scheduled_at: None,
        started_at: None,
        ended: None,
        history: History::default(),
    };
    let task = draft.put_task(task, Kind::TaskSubmitted, message);
    match schedule::place(state, &task.spec, now) {
        Ok(node) => transition::schedule(&mut draft, &task, &node),
        Err(reason) => transition::wait(&mut draft, &task, reason),
    }
    Ok(draft.finish())
}

/// Equal submissions one after another, such as those of a batch, share what they ask for: for a small
/// task that is a third of its memory.
fn shared(state: &State, spec: Spec) -> Arc<Spec> {
    match state.youngest_task() {
        Some(youngest) if *youngest.spec == spec => youngest.spec.clone(),
        _ => Arc::new(spec),
    }
}

fn check_key(key: &str) -> Result<(), Rejection> {
    if key.is_empty() || key.len() > 255 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let allowed = "must be 1 to 255 printable ASCII characters without spaces";
        return Err(invalid("Idempotency-Key", allowed));
    }
    Ok(())
}

fn repeated(task: &Task, again: &Idempotency) -> Result<Vec<Change>, Rejection> {
    if task.idempotency.as_deref() == Some(again) {
        return Ok(vec![]);
    }
    Err(Rejection::KeyReused {
        key: again.key.to_string(),
        task: task.id.clone(),
    })
}

#[cfg(test)]
mod tests;
