//! `podling stop`: end tasks, keep their records and logs.
//!
//! All are told first, so that their grace periods run at the same time; then their ends are
//! waited for, so that `podling stop web && podling rm web` does what it says.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::each;
use crate::cli::context::Context;
use crate::cli::{output, resolve, wait};

/// What the master does when no grace period is asked for, in seconds.
const DEFAULT_GRACE: u32 = 10;
/// What a worker may need besides the grace period to stop a task and to say so.
const MARGIN: Duration = Duration::from_secs(20);

/// Stop tasks and wait for their ends; their records and logs stay
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
    /// Ask for their ends, and do not wait for them
    #[arg(long)]
    no_wait: bool,
}

impl Stop {
    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        let master = context.master()?;
        let mut told = Vec::new();
        let mut code = each(&self.tasks, async |text| {
            let task = resolve::task(&master, text).await?;
            told.push(master.stop(&task.task_id, self.grace).await?);
            Ok(())
        })
        .await?;
        let grace = Duration::from_secs(self.grace.unwrap_or(DEFAULT_GRACE).into());
        let patience = if self.no_wait {
            Duration::ZERO
        } else {
            grace + MARGIN
        };
        for task in told {
            let task = wait::until_ended(&master, task, patience).await?;
            if !self.no_wait && !resolve::has_ended(&task) {
                let node = task.node_id.as_deref().unwrap_or("no node");
                output::note(&format!(
                    "{} still runs on {node}; it ends as soon as it can",
                    task.name
                ));
                code = ExitCode::FAILURE;
            }
            match context.output.json {
                true => output::json_line(&task)?,
                false => output::line(&task.task_id)?,
            }
        }
        Ok(code)
    }
}
