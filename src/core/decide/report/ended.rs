//! Reports of a task that has ended: what that means depends on what was wanted of it.

use super::progress::with_facts;
use crate::core::draft::Draft;
use crate::core::line::one_line;
use crate::core::transition::{self, End};
use crate::core::{Desired, Report, Status, Task};

/// The exit code of what SIGKILL ended.
const SIGKILLED: i64 = 137;
/// The exit code of what SIGTERM ended.
const SIGTERMED: i64 = 143;

/// `stopped` without a user's request is no end but an eviction: the worker shuts down, or a drain
/// moves the task. What ended by itself has ended, also when it was to be stopped or moved; but
/// what died of SIGTERM or SIGKILL then did not end by itself, even when its worker, which crashed
/// while it stopped it, no longer knows that the signal was its own.
pub fn merge(draft: &mut Draft<'_>, task: &Task, report: &Report) {
    let task = with_facts(task, report);
    let as_wanted = stopped_as_wanted(&task, report);
    let report = as_wanted.as_ref().unwrap_or(report);
    match (&task.desired, report.status) {
        (Desired::Remove { .. }, _) => {
            // First ended, then gone: who waits for its removal sees how it ended.
            let id = task.id.clone();
            end(draft, task, report);
            if let Some(ended) = draft.task(&id) {
                transition::remove(draft, &ended, "ended and removed");
            }
        }
        (Desired::Run, Status::Stopped) => {
            let why = evicted(&task, report);
            transition::evict(draft, &task, &why);
        }
        (Desired::Move { reason, .. }, Status::Stopped) => {
            transition::evict(draft, &task, reason);
        }
        (Desired::Run | Desired::Stop { .. } | Desired::Move { .. }, _) => {
            end(draft, task, report);
        }
    }
}

/// The report of a task that was to be stopped or moved and died of the signal for it, as what it
/// is: `stopped`. The worker's words are about a failure, so they go.
fn stopped_as_wanted(task: &Task, report: &Report) -> Option<Report> {
    let wanted = matches!(task.desired, Desired::Stop { .. } | Desired::Move { .. });
    let by_signal = matches!(report.exit_code, Some(SIGKILLED | SIGTERMED));
    (wanted && by_signal && report.status == Status::Failed).then(|| Report {
        status: Status::Stopped,
        error: None,
        reason: None,
        ..report.clone()
    })
}

fn end(draft: &mut Draft<'_>, mut task: Task, report: &Report) {
    if report.exit_code.is_some() {
        // It did run, even when it was too short for anybody to say so.
        let now = draft.wall().max(transition::last_moment(&task));
        task.started_at.get_or_insert(now);
    }
    let end = End {
        status: report.status,
        exit_code: report.exit_code,
        error: report
            .error
            .as_deref()
            .map(|error| one_line(error).into_owned()),
        reason: reason(report),
    };
    transition::end(draft, &task, end);
}

fn evicted(task: &Task, report: &Report) -> String {
    let node = task.node.as_ref().map_or("its node", |node| node.as_str());
    match report.reason.as_deref().map(one_line) {
        Some(reason) if !reason.is_empty() => format!("stopped by node {node}: {reason}"),
        _ => format!("stopped by node {node}"),
    }
}

/// `exit code 137 (killed; out of memory)`, or what the worker says in its own words.
fn reason(report: &Report) -> String {
    let said = |text: &Option<String>| {
        let line = text.as_deref().map(|text| one_line(text).into_owned());
        line.filter(|line| !line.is_empty())
    };
    if let Some(reason) = said(&report.reason) {
        return reason;
    }
    let error = said(&report.error);
    let Some(code) = report.exit_code else {
        return error.unwrap_or_else(|| match report.status {
            Status::Completed => "completed".into(),
            Status::Stopped => "stopped by a user".into(),
            _ => "failed; its worker does not say why".into(),
        });
    };
    let exit = format!("exit code {code}");
    if let Some(error) = error.as_ref().filter(|error| error.contains(&exit)) {
        return error.clone();
    }
    let details: Vec<&str> = meaning(code).into_iter().chain(error.as_deref()).collect();
    let exit = match details.as_slice() {
        [] => exit,
        details => format!("{exit} ({})", details.join("; ")),
    };
    match report.status {
        Status::Stopped => format!("stopped by a user, {exit}"),
        _ => exit,
    }
}

/// What shells and engines mean by an exit code; above 128 it is a signal's number and 128.
fn meaning(code: i64) -> Option<&'static str> {
    match code {
        126 => Some("command can't be executed"),
        127 => Some("command not found"),
        129 => Some("hung up"),
        130 => Some("interrupted"),
        134 => Some("aborted"),
        SIGKILLED => Some("killed"),
        139 => Some("segmentation fault"),
        SIGTERMED => Some("terminated"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::core::test_cluster::{Cluster, spec};
    use crate::core::{Desired, Kind, Report, Spec, Status, TaskId};

    fn with_a_task(spec: Spec) -> (Cluster, TaskId) {
        let mut cluster = Cluster::new();
        cluster.add_node("a", 5);
        let id = cluster.submit(spec);
        cluster.becomes(&id, Status::Running);
        (cluster, id)
    }

    /// What a worker says that crashed while it stopped the task.
    fn killed(cluster: &Cluster, id: &TaskId, code: i64) -> Report {
        Report {
            exit_code: Some(code),
            error: Some("killed by a signal from outside podling".into()),
            reason: Some("killed by a signal from outside podling".into()),
            ..cluster.says(id, Status::Failed)
        }
    }

    #[test]
    fn a_users_stop_that_outlives_its_worker_is_no_failure() {
        for (code, meaning) in [(137, "killed"), (143, "terminated")] {
            let (mut cluster, id) = with_a_task(spec());
            cluster.stop(&id);
            let report = killed(&cluster, &id, code);
            assert_eq!(cluster.report(report), [Kind::TaskStopped]);
            let task = cluster.task(&id);
            assert_eq!(
                (task.status, task.exit_code()),
                (Status::Stopped, Some(code))
            );
            assert_eq!(task.error(), None);
            let reason = format!("stopped by a user, exit code {code} ({meaning})");
            assert_eq!(*task.reason, *reason);
        }
    }

    #[test]
    fn a_move_that_outlives_its_worker_is_an_eviction() {
        for (max_attempts, kind) in [(None, Kind::TaskRescheduled), (Some(1), Kind::TaskFailed)] {
            let (mut cluster, id) = with_a_task(Spec {
                max_attempts,
                ..spec()
            });
            cluster.drain(&"a".into(), 0);
            let report = killed(&cluster, &id, 143);
            assert_eq!(cluster.report(report), [kind]);
        }
    }

    #[test]
    fn what_failed_by_itself_has_failed_whatever_was_wanted() {
        let (mut cluster, id) = with_a_task(spec());
        let report = killed(&cluster, &id, 137);
        assert_eq!(cluster.report(report), [Kind::TaskFailed]);
        let (mut cluster, id) = with_a_task(spec());
        cluster.stop(&id);
        let report = killed(&cluster, &id, 1);
        assert_eq!(cluster.report(report), [Kind::TaskFailed]);
        assert!(matches!(cluster.task(&id).desired, Desired::Stop { .. }));
    }
}
