//! `podling health`: whether a master or worker answers. For the image's HEALTHCHECK, which has
//! no shell and no curl.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::cli::args::given;
use crate::cli::context::{Context, transport};
use crate::client::MasterClient;
use crate::config::Flag;

/// Ask a master or worker whether it is there: exit code 0 when it is
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling health                                     the master
  podling health --url http://127.0.0.1:8081         a worker")]
pub(crate) struct Health {
    /// Whom to ask [default: the master; also PODLING_HEALTH_URL]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Health {
    pub fn flags(&self) -> Vec<Flag> {
        given([("--url", "health-url", &self.url)])
    }

    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        let url = context.config.health_url();
        // A worker answers `/health` as a master does.
        let asked = MasterClient::new(transport()?, url).with_timeout(Duration::from_secs(4));
        let health = asked.health().await?;
        context.output.result(&health, || {
            let node = health.node_id.as_ref().map(|id| format!(" {id}"));
            format!(
                "{}{}: {}",
                health.service,
                node.unwrap_or_default(),
                health.status
            )
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
