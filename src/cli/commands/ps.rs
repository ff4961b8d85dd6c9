//! `podling ps`: what runs, what waits, and why.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use crate::cli::age::age;
use crate::cli::context::Context;
use crate::cli::details::details;
use crate::cli::output;
use crate::cli::resolve::{self, has_ended};
use crate::cli::table::Table;
use crate::wire::{ListTasks, Task, TaskStatus};

/// Without `--all`, tasks that ended longer ago are left out.
const RECENT_SECONDS: i64 = 3600;

/// List tasks: those that have not ended, and those that ended within the last hour
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling ps
  podling ps --all                also what ended longer ago
  podling ps --task web           everything about one task, with its history
  podling ps -o json | jq -r '.[].taskId'")]
pub(crate) struct Ps {
    /// Everything about one task: its id, an unambiguous beginning of it, or its name
    #[arg(short, long, value_name = "ID", conflicts_with = "all")]
    task: Option<String>,
    /// Also tasks that ended longer than an hour ago
    #[arg(short, long)]
    all: bool,
}

impl Ps {
    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        match &self.task {
            Some(task) => show(&context, task).await?,
            None => self.list(&context).await?,
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn list(&self, context: &Context) -> anyhow::Result<()> {
        let mut tasks = context.master()?.tasks(&ListTasks::default()).await?;
        let now = context.now();
        let is_recent = |at: Timestamp| now.as_second() - at.as_second() <= RECENT_SECONDS;
        tasks.retain(|task| self.all || !has_ended(task) || task.finished_at.is_none_or(is_recent));
        context.output.result(&tasks, || table(&tasks, now))?;
        Ok(())
    }
}

async fn show(context: &Context, text: &str) -> anyhow::Result<()> {
    let master = context.master()?;
    let task = resolve::task_to_show(&master, text).await?;
    let events = master.task_events(&task.task_id).await?;
    if context.output.json {
        let mut shown = json!(task);
        shown["events"] = json!(events);
        output::json(&shown)?;
    } else {
        output::line(&details(&task, &events, context.now()))?;
    }
    Ok(())
}

fn table(tasks: &[Task], now: Timestamp) -> String {
    let mut table = Table::new(&["ID", "NAME", "IMAGE", "STATUS", "NODE", "CREATED"]);
    for task in tasks {
        let node = task.node_id.clone().unwrap_or("-".into());
        let cells = vec![
            task.task_id.clone(),
            task.name.clone(),
            task.image.clone(),
            status(task).to_owned(),
            node,
            age(task.created_at, now),
        ];
        table.row(cells, why(task));
    }
    table.render()
}

/// The status as the API writes it.
pub(crate) fn status(task: &Task) -> &'static str {
    match task.status {
        TaskStatus::Pending => "pending",
        TaskStatus::Scheduled => "scheduled",
        TaskStatus::Running => "running",
        TaskStatus::Completed => "completed",
        TaskStatus::Failed => "failed",
        TaskStatus::Stopped => "stopped",
    }
}

/// Why it is in this status, when that is worth a line.
pub(crate) fn why(task: &Task) -> Option<String> {
    let why = match task.status {
        TaskStatus::Pending => task.scheduling_error.as_ref().or(task.reason.as_ref()),
        TaskStatus::Failed => task.error.as_ref().or(task.reason.as_ref()),
        TaskStatus::Scheduled | TaskStatus::Running => task.reason.as_ref(),
        TaskStatus::Completed | TaskStatus::Stopped => None,
    };
    why.filter(|why| !why.is_empty()).cloned()
}
