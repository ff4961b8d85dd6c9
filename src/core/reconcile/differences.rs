//! What a worker runs and should not, and the other way round: whatever message was lost, this
//! finds what it was about.

use std::sync::Arc;

use super::order::{Order, StopOrder, order};
use crate::core::{Desired, NodeId, Report, State, Task};
use crate::mutant::{self, Mutant};

/// Seconds between SIGTERM and SIGKILL for what should not be there: most likely another one of it runs
/// elsewhere, and each second of both is worse than an end without a farewell.
const STALE_GRACE_SECONDS: u32 = 1;

/// What a worker runs and should not, and the other way round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences {
    /// To be run, and not named.
    pub run: Vec<Arc<Task>>,
    /// To be stopped.
    pub stop: Vec<StopOrder>,
}

/// Compares what a worker says it runs with what it should run; call it when what the worker said
/// is applied. `reported: None` (a Go worker, which does not say): nothing is run again, and only
/// what is to end is stopped.
pub fn differences(state: &State, node: &NodeId, reported: Option<&[Report]>) -> Differences {
    let mut differences = Differences::default();
    let mut named: Vec<u64> = vec![];
    for report in reported.unwrap_or_default() {
        match state
            .task(&report.task)
            .filter(|task| is_this(task, node, report))
        {
            Some(task) => {
                named.push(task.sequence);
                differences.stop.extend(over(task, report));
            }
            None if mutant::is(Mutant::StaleNotStopped) => {}
            None => differences.stop.push(stale(state, report)),
        }
    }
    named.sort_unstable();
    for task in state.tasks_on(node).filter(|task| task.status.is_active()) {
        match order(task) {
            Some(Order::Stop(stop)) => differences.stop.push(stop),
            Some(Order::Run) | None => {
                let again = !mutant::is(Mutant::NotSentAgain);
                if again && reported.is_some() && named.binary_search(&task.sequence).is_err() {
                    differences.run.push(task.clone());
                }
            }
        }
    }
    differences
}

/// Whether the report is about the task's current attempt on this node.
fn is_this(task: &Task, node: &NodeId, report: &Report) -> bool {
    task.node.as_ref() == Some(node) && report.attempt.is_none_or(|attempt| attempt == task.attempt)
}

/// The task has ended for the master (its node was lost, say) and still runs there. Its container
/// stays, as that of any ended task.
fn over(task: &Task, report: &Report) -> Option<StopOrder> {
    let goes_on = task.status.is_ended() && !report.status.is_ended();
    let grace_seconds = match task.desired {
        Desired::Stop { grace_seconds } => grace_seconds,
        Desired::Run | Desired::Move { .. } | Desired::Remove { .. } => STALE_GRACE_SECONDS,
    };
    goes_on.then(|| StopOrder {
        task: task.id.clone(),
        attempt: task.attempt,
        grace_seconds,
        remove: false,
    })
}

/// A task nobody knows any more, or an attempt that is over: the container goes too.
fn stale(state: &State, report: &Report) -> StopOrder {
    let known = state.task(&report.task).map(|task| task.attempt);
    StopOrder {
        task: report.task.clone(),
        attempt: report.attempt.or(known).unwrap_or(u32::MAX),
        grace_seconds: STALE_GRACE_SECONDS,
        remove: true,
    }
}
