//! `podling uncordon`: use a drained node again.

use std::process::ExitCode;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::resolve;

/// Use a drained node again
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  podling uncordon worker-1")]
pub(crate) struct Uncordon {
    /// The node's id, or an unambiguous beginning of it
    #[arg(value_name = "NODE")]
    node: String,
}

impl Uncordon {
    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        let master = context.master()?;
        let node = resolve::node(&master, &self.node).await?;
        let node = master.uncordon(&node.node_id).await?;
        let text = || format!("{} takes tasks again", node.node_id);
        context.output.result(&node, text)?;
        Ok(ExitCode::SUCCESS)
    }
}
