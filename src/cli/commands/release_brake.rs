//! `podling release-brake`: the operator knows better.

use std::process::ExitCode;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::output;

/// Let the master move the tasks of silent nodes, although most nodes fell silent at once
#[derive(Debug, Args)]
#[command(after_help = "\
When more than half of the nodes fall silent together, the fault is most likely the master's own
network, and nothing is moved until they are heard again. This overrides it: the silent nodes count
as offline now, and their tasks go elsewhere.

Example:
  podling release-brake")]
pub(crate) struct ReleaseBrake {}

impl ReleaseBrake {
    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        context.master()?.release_brake().await?;
        output::note("the brake is released: tasks of silent nodes are moved");
        Ok(ExitCode::SUCCESS)
    }
}
