//! `podling stop`: end tasks, keep their records and logs.

use std::process::ExitCode;

use clap::Args;

use super::each;
use crate::cli::context::Context;
use crate::cli::{output, resolve};

/// Stop tasks; their records and logs stay
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling stop web
  podling stop 20260102 20260103 --grace 60")]
pub(crate) struct Stop {
    /// Ids, unambiguous beginnings of ids, or names
    #[arg(value_name = "ID", required = true)]
    tasks: Vec<String>,
    /// Seconds between SIGTERM and SIGKILL [default: 10]
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u32>,
}

impl Stop {
    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        let master = context.master()?;
        each(&self.tasks, async |text| {
            let task = resolve::task(&master, text).await?;
            let task = master.stop(&task.task_id, self.grace).await?;
            match context.output.json {
                true => output::json_line(&task)?,
                false => output::line(&task.task_id)?,
            }
            Ok(())
        })
        .await
    }
}
