//! Reports of a task that has ended: what that means depends on what was wanted of it.

use super::progress::with_facts;
use crate::core::draft::Draft;
use crate::core::line::one_line;
use crate::core::transition::{self, End};
use crate::core::{Desired, Report, Status, Task};

/// `stopped` without a user's request is no end but an eviction: the worker shuts down, or a drain
/// moves the task. What ended by itself has ended, also when it was to be stopped or moved.
pub fn merge(draft: &mut Draft<'_>, task: &Task, report: &Report) {
    let task = with_facts(task, report);
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

fn end(draft: &mut Draft<'_>, mut task: Task, report: &Report) {
    if report.exit_code.is_some() {
        // It did run, even when it was too short for anybody to say so.
        task.started_at.get_or_insert(draft.wall());
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
        137 => Some("killed"),
        139 => Some("segmentation fault"),
        143 => Some("terminated"),
        _ => None,
    }
}
