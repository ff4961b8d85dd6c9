//! A task is placed, ends, is taken from its node, is forgotten.

use crate::core::draft::Draft;
use crate::core::schedule::same_refusal;
use crate::core::{Desired, Ended, Kind, NodeId, Status, Task, Timestamp};
use crate::mutant::{self, Mutant};

/// The last moment of a task's life that is known. A wall clock that was set back must not make the
/// next one earlier.
pub fn last_moment(task: &Task) -> Timestamp {
    let scheduled_at = task.scheduled_at.unwrap_or(task.created_at);
    task.started_at.unwrap_or(scheduled_at)
}

/// How a task ended.
pub struct End {
    pub status: Status,
    pub exit_code: Option<i64>,
    pub error: Option<String>,
    pub reason: String,
}

/// A pending task gets a node, and with it the next attempt.
pub fn schedule(draft: &mut Draft<'_>, task: &Task, node: &NodeId) {
    let placed = Task {
        status: Status::Scheduled,
        attempt: match mutant::is(Mutant::SameAttempt) {
            true => task.attempt.max(1),
            false => task.attempt + 1,
        },
        placement: draft.next_sequence(),
        node: Some(node.clone()),
        reason: Box::default(),
        scheduled_at: Some(draft.wall().max(task.created_at)),
        ..task.clone()
    };
    let message = match placed.attempt {
        1 => ["placed on node ", node.as_str()].concat(),
        attempt => format!("placed on node {node} (attempt {attempt})"),
    };
    draft.put_task(placed, Kind::TaskScheduled, message);
}

/// A pending task stays so; why is written only when it is another reason than the known one,
/// whatever its figures: every task that is placed or ends would else rewrite all that wait.
pub fn wait(draft: &mut Draft<'_>, task: &Task, reason: String) {
    if !same_refusal(&task.reason, &reason) {
        let waiting = Task {
            reason: reason.as_str().into(),
            ..task.clone()
        };
        draft.put_task(waiting, Kind::TaskUnschedulable, reason);
    }
}

/// A task has ended, and stays as it ended.
pub fn end(draft: &mut Draft<'_>, task: &Task, end: End) {
    let kind = match end.status {
        Status::Completed => Kind::TaskCompleted,
        Status::Stopped => Kind::TaskStopped,
        Status::Failed | Status::Pending | Status::Scheduled | Status::Running => Kind::TaskFailed,
    };
    let ended = Ended {
        at: draft.wall().max(last_moment(task)),
        exit_code: end.exit_code,
        error: end.error.map(Box::from),
    };
    let ended = Task {
        status: end.status,
        reason: end.reason.as_str().into(),
        ended: Some(Box::new(ended)),
        ..task.clone()
    };
    draft.put_task(ended, kind, end.reason);
}

/// A task's node never took it. Nothing ran, so the placement is no reason to fail, however few it
/// may have.
pub fn decline(draft: &mut Draft<'_>, task: &Task, why: &str) {
    match task.desired {
        Desired::Run | Desired::Move { .. } => requeue(draft, task, why),
        Desired::Stop { .. } | Desired::Remove { .. } => evict(draft, task, why),
    }
}

/// A task is taken from its node without having ended by itself: what becomes of it depends on
/// what is wanted of it, and on how many placements it may have.
pub fn evict(draft: &mut Draft<'_>, task: &Task, why: &str) {
    match task.desired {
        Desired::Run | Desired::Move { .. } => match task.spec.max_attempts {
            Some(most) if task.attempt >= most && !mutant::is(Mutant::MaxAttemptsForgotten) => {
                let failed = End {
                    status: Status::Failed,
                    exit_code: None,
                    error: Some(why.to_owned()),
                    reason: format!("{why}; maxAttempts ({most}) does not allow another placement"),
                };
                end(draft, task, failed);
            }
            _ => requeue(draft, task, why),
        },
        Desired::Stop { .. } => {
            let stopped = End {
                status: Status::Stopped,
                exit_code: None,
                error: None,
                reason: format!("stopped: {why}"),
            };
            end(draft, task, stopped);
        }
        Desired::Remove { .. } => remove(draft, task, format!("removed: {why}")),
    }
}

/// Back to pending. The attempt number stays until the next placement, and because the node is
/// gone from the record nobody can report about it any more.
fn requeue(draft: &mut Draft<'_>, task: &Task, why: &str) {
    let pending = Task {
        desired: Desired::Run,
        status: Status::Pending,
        node: None,
        container_id: None,
        reason: format!("{why}; waits for another node").into(),
        restart_count: 0,
        health: None,
        scheduled_at: None,
        started_at: None,
        ended: None,
        ..task.clone()
    };
    let message = format!("{why}; will be placed again");
    draft.put_task_from(task.node.clone(), pending, Kind::TaskRescheduled, message);
}

/// A user wants it to end, or a drain wants it elsewhere.
pub fn stop(draft: &mut Draft<'_>, task: &Task, desired: Desired, message: impl Into<String>) {
    let stopping = Task {
        reason: stopping(&desired).unwrap_or_default(),
        desired,
        ..task.clone()
    };
    draft.put_task(stopping, Kind::TaskStopping, message);
}

/// Why a task that has not ended yet is to end; none: it is to run.
pub fn stopping(desired: &Desired) -> Option<Box<str>> {
    match desired {
        Desired::Run => None,
        Desired::Stop { .. } => Some("stopping: a user asked for it".into()),
        Desired::Move { reason, .. } => Some(format!("stopping: {reason}").into()),
        Desired::Remove { .. } => Some("stopping: a user wants it removed".into()),
    }
}

/// A task is forgotten. Its last form says so, and therefore also what its node is to be told:
/// see `reconcile::order`.
pub fn remove(draft: &mut Draft<'_>, task: &Task, message: impl Into<String>) {
    let grace_seconds = match task.desired {
        Desired::Remove { grace_seconds } => grace_seconds,
        Desired::Run | Desired::Stop { .. } | Desired::Move { .. } => 0,
    };
    let removed = Task {
        desired: Desired::Remove { grace_seconds },
        ..task.clone()
    };
    draft.remove_task(removed, message);
}
