//! Reports of a task that goes on.

use crate::core::draft::Draft;
use crate::core::line::one_line;
use crate::core::{Kind, Report, Status, Task, transition};

/// Its container runs now.
pub fn started(draft: &mut Draft<'_>, task: &Task, report: &Report) {
    let said = reason(report).filter(|said| !said.is_empty());
    let message = match (&said, &task.node) {
        (Some(said), _) => said.clone(),
        (None, Some(node)) => format!("runs on node {node}"),
        (None, None) => "runs".into(),
    };
    let running = Task {
        status: Status::Running,
        reason: said.map_or_else(|| unsaid_reason(task), Box::from),
        started_at: Some(draft.wall().max(transition::last_moment(task))),
        ..with_facts(task, report)
    };
    draft.put_task(running, Kind::TaskRunning, message);
}

/// The same status again, perhaps with news. A heartbeat mostly brings none, so that is found out
/// before anything is copied.
pub fn same_status(draft: &mut Draft<'_>, task: &Task, report: &Report) {
    let restarted = report.restart_count.is_some_and(|n| n > task.restart_count);
    let health = is_news(report.health.as_deref(), task.health.as_deref());
    let container = is_news(report.container_id.as_deref(), task.container_id.as_deref());
    let said = reason(report);
    let reason = said.as_ref().is_some_and(|said| **said != *task.reason);
    if !(restarted || health || container || reason) {
        return;
    }
    let mut told = with_facts(task, report);
    match said {
        Some(said) => told.reason = said.into(),
        // What was said about the container before this one.
        None if restarted => told.reason = unsaid_reason(task),
        None => {}
    }
    let (kind, message) = if restarted {
        let restart = format!("container restarted (restart {})", told.restart_count);
        (Kind::TaskRestarted, and_reason(restart, &told.reason))
    } else if health {
        let health = told.health.as_deref().unwrap_or_default();
        (Kind::TaskHealth, format!("health check: {health}"))
    } else if told.reason.is_empty() {
        let container = told.container_id.as_deref().unwrap_or_default();
        (Kind::TaskProgress, format!("container {container}"))
    } else {
        (Kind::TaskProgress, told.reason.to_string())
    };
    draft.put_task(told, kind, message);
}

/// The task with the facts of a report that hold in any status. What a report does not say stays
/// as it is known.
pub fn with_facts(task: &Task, report: &Report) -> Task {
    let mut task = task.clone();
    if let Some(said) = &report.container_id {
        task.container_id = Some(one_line(said).into());
    }
    if let Some(said) = &report.health {
        task.health = Some(one_line(said).into());
    }
    task.restart_count = report
        .restart_count
        .unwrap_or_default()
        .max(task.restart_count);
    task
}

/// What the worker says is going on. Before the end an error is just that: not final.
fn reason(report: &Report) -> Option<String> {
    let said = report.reason.as_ref().or(report.error.as_ref())?;
    Some(one_line(said).into_owned())
}

/// What there is to say when the worker says nothing: why it is to end, when it is.
fn unsaid_reason(task: &Task) -> Box<str> {
    transition::stopping(&task.desired).unwrap_or_default()
}

fn is_news(said: Option<&str>, known: Option<&str>) -> bool {
    said.is_some_and(|said| Some(&*one_line(said)) != known)
}

fn and_reason(what: String, reason: &str) -> String {
    match reason {
        "" => what,
        reason => format!("{what}: {reason}"),
    }
}
