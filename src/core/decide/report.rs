//! What a worker says about a task, merged into what is known.
//!
//! The merge is invariants 3 and 4: who speaks about another attempt, or from another node, changes
//! nothing; within an attempt the status only grows; what has ended stays as it ended. So reports
//! may come late, twice and in any order.

mod ended;
mod progress;

use crate::core::draft::Draft;
use crate::core::{Change, NodeId, Now, Rejection, Report, State, Status, Task};
use crate::mutant::{self, Mutant};

/// Merges one report.
pub fn report(state: &State, report: &Report, now: Now) -> Result<Vec<Change>, Rejection> {
    if report.status == Status::Pending {
        return Err(Rejection::ImpossibleStatus(report.status));
    }
    if state.task(&report.task).is_none() {
        return Err(Rejection::UnknownTask(report.task.clone()));
    }
    let mut draft = Draft::new(state, now);
    merge(&mut draft, report, report.node.as_ref());
    Ok(draft.finish())
}

/// Merges a report that came from this node (none: it did not say, so the task's own is meant).
/// What can't be merged is left out: `reconcile::differences` tells the worker what to stop.
pub fn merge(draft: &mut Draft<'_>, report: &Report, from: Option<&NodeId>) {
    let Some(task) = draft.task(&report.task) else {
        return;
    };
    if !is_current(&task, report, from) {
        return;
    }
    match (task.status, report.status) {
        (_, Status::Completed | Status::Failed | Status::Stopped) => {
            ended::merge(draft, &task, report);
        }
        (Status::Scheduled, Status::Running) => progress::started(draft, &task, report),
        (known, observed) if known == observed => progress::same_status(draft, &task, report),
        // Older than what is known, or nothing a worker can say.
        (_, Status::Pending | Status::Scheduled | Status::Running) => {}
    }
}

/// Whether the report is about what the master knows as the task's attempt, on its node, and not
/// already over. A worker of the Go project names neither: then the current one is meant.
fn is_current(task: &Task, report: &Report, from: Option<&NodeId>) -> bool {
    task.status.is_active()
        && report
            .attempt
            .is_none_or(|attempt| attempt == task.attempt || mutant::is(Mutant::AttemptForgotten))
        && from.is_none_or(|node| task.node.as_ref() == Some(node))
}

#[cfg(test)]
mod tests;
