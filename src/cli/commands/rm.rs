//! `podling rm`: remove tasks with their containers and logs.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::each;
use crate::cli::context::Context;
use crate::cli::{output, resolve};

/// Remove tasks with their containers and logs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling rm web
  podling rm --force web          stops it first when it still runs")]
pub(crate) struct Rm {
    /// Ids, unambiguous beginnings of ids, or names
    #[arg(value_name = "ID", required = true)]
    tasks: Vec<String>,
    /// Also tasks that have not ended: they are stopped first
    #[arg(short, long)]
    force: bool,
}

impl Rm {
    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        let master = context.master()?;
        each(&self.tasks, async |text| {
            let task = resolve::task(&master, text).await?;
            if !master.remove(&task.task_id, self.force).await? {
                let node = task.node_id.as_deref().unwrap_or("its node");
                bail!(
                    "{} still runs on {node}; it goes as soon as it has ended",
                    task.name
                );
            }
            match context.output.json {
                true => output::json_line(&task)?,
                false => output::line(&task.task_id)?,
            }
            Ok(())
        })
        .await
    }
}
