//! `podling prune`: forget what is over.

use std::process::ExitCode;

use clap::Args;

use crate::cli::context::Context;

/// Remove all ended tasks with their containers and logs, and forget offline nodes
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  podling prune")]
pub(crate) struct Prune {}

impl Prune {
    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        let pruned = context.master()?.prune().await?;
        context.output.result(&pruned, || {
            let tasks = counted(pruned.tasks_removed, "ended task");
            let nodes = counted(pruned.nodes_removed, "offline node");
            format!("removed {tasks} and {nodes}")
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
