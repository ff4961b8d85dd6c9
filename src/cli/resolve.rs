//! Which task or node a user means: a whole id, an unambiguous beginning of one, or a task's name.

use anyhow::bail;

use super::commands::ps::status;
use crate::client::MasterClient;
use crate::wire::{ListTasks, Node, Task, TaskStatus};

/// Length of the ids the master makes.
const ID_LENGTH: usize = "20260101000000-abcdefgh".len();

/// Whether a task has come to its end.
pub(super) fn has_ended(task: &Task) -> bool {
    match task.status {
        TaskStatus::Completed | TaskStatus::Failed | TaskStatus::Stopped => true,
        TaskStatus::Pending | TaskStatus::Scheduled | TaskStatus::Running => false,
    }
}

/// The task somebody means, to change or to remove it: never a guess.
pub(super) async fn task(master: &MasterClient, text: &str) -> anyhow::Result<Task> {
    only(candidates(master, text).await?, text)
}

/// The task somebody means, to look at it. A name is often used again: of several tasks that have
/// it, the only one that has not ended is shown.
pub(super) async fn task_to_show(master: &MasterClient, text: &str) -> anyhow::Result<Task> {
    let mut found = candidates(master, text).await?;
    let is_live = |task: &Task| task.name == text && !has_ended(task);
    if found.iter().filter(|task| is_live(task)).count() == 1 {
        found.retain(is_live);
    }
    only(found, text)
}

/// The task of this id; else those of this name; else those whose ids begin so.
async fn candidates(master: &MasterClient, text: &str) -> anyhow::Result<Vec<Task>> {
    refuse_empty(text, "task")?;
    if text.len() == ID_LENGTH {
        match master.task(text).await {
            Err(error) if error.is_not_found() => {}
            found => return Ok(vec![found?]),
        }
    }
    let named = ListTasks {
        name: Some(text.to_owned()),
        ..ListTasks::default()
    };
    let mut found = master.tasks(&named).await?;
    if found.is_empty() {
        found = master.tasks(&ListTasks::default()).await?;
        found.retain(|task| task.task_id.starts_with(text));
    }
    Ok(found)
}

fn only(mut found: Vec<Task>, text: &str) -> anyhow::Result<Task> {
    if found.len() > 1 {
        let candidate = |task: &Task| format!("{} ({}, {})", task.task_id, task.name, status(task));
        bail!("{}", ambiguous("tasks", text, found.iter().map(candidate)));
    }
    match found.pop() {
        Some(task) => Ok(task),
        None => bail!("there is no task {text:?}"),
    }
}

/// Every id begins with nothing: an empty variable in a script must not mean the only task.
fn refuse_empty(text: &str, what: &str) -> anyhow::Result<()> {
    match text.is_empty() {
        true => bail!("an empty text names no {what}"),
        false => Ok(()),
    }
}

/// The node somebody means: its id, or an unambiguous beginning of it.
pub(super) async fn node(master: &MasterClient, text: &str) -> anyhow::Result<Node> {
    refuse_empty(text, "node")?;
    let mut nodes = master.nodes().await?;
    if let Some(exact) = nodes.iter().position(|node| node.node_id == text) {
        return Ok(nodes.swap_remove(exact));
    }
    nodes.retain(|node| node.node_id.starts_with(text));
    if nodes.len() > 1 {
        let candidates = nodes.iter().map(|node| node.node_id.clone());
        bail!("{}", ambiguous("nodes", text, candidates));
    }
    match nodes.pop() {
        Some(node) => Ok(node),
        None => bail!("there is no node {text:?}"),
    }
}

/// At most ten candidates are named: more would hide the message.
fn ambiguous(what: &str, text: &str, candidates: impl ExactSizeIterator<Item = String>) -> String {
    let count = candidates.len();
    let named: Vec<String> = candidates.take(10).collect();
    let more = match count > named.len() {
        true => ", …",
        false => "",
    };
    format!(
        "{text:?} could be {count} {what}: {}{more}",
        named.join(", ")
    )
}
