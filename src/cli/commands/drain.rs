//! `podling drain`: empty a node.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;

use crate::cli::context::Context;
use crate::cli::resolve;
use crate::config;

/// Give a node nothing new, let its tasks end, and move what still runs after the deadline
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling drain worker-1                     what still runs after an hour is moved
  podling drain worker-1 --deadline 5m
  podling drain worker-1 --deadline 0        moved at once")]
pub(crate) struct Drain {
    /// The node's id, or an unambiguous beginning of it
    #[arg(value_name = "NODE")]
    node: String,
    /// Tasks get so long to end by themselves, such as 5m; 0: none [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    deadline: Option<u64>,
}

impl Drain {
    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        let master = context.master()?;
        let node = resolve::node(&master, &self.node).await?;
        let node = master.drain(&node.node_id, self.deadline).await?;
        context.output.result(&node, || {
            let moves = match self.deadline {
                Some(0) => "its tasks are moved now".to_owned(),
                Some(seconds) => format!("what still runs after {seconds} s is moved"),
                None => "what still runs after an hour is moved".to_owned(),
            };
            format!(
                "{} is draining: it gets nothing new, and {moves}",
                node.node_id
            )
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn seconds(text: &str) -> anyhow::Result<u64> {
    config::duration(text)
        .map(|duration| duration.as_secs())
        .ok_or_else(|| anyhow!("allowed: a duration such as 30s, 5m or 1h30m; 0"))
}
