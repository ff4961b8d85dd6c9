//! `podling health`: whether a master or worker answers. For the image's HEALTHCHECK, which has
//! no shell and no curl, and does not know what the container was started as.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser};

use crate::cli::args::{Cli, given};
use crate::cli::context::{Context, transport};
use crate::cli::{go_flags, server};
use crate::client::MasterClient;
use crate::config::Flag;

/// Ask a master or worker whether it is there: exit code 0 when it is
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling health                                     the master; in a container what runs there
  podling health --url http://127.0.0.1:8081         a worker")]
pub(crate) struct Health {
    /// Whom to ask [default: in a container what runs there, else the master]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Health {
    pub fn flags(&self) -> Vec<Flag> {
        given([("--url", "health-url", &self.url)])
    }

    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        let url = match context.config.health_url() {
            Some(named) => named.to_owned(),
            None => server_here().unwrap_or_else(|| context.config.master_url().to_owned()),
        };
        // A worker answers `/health` as a master does.
        let asked = MasterClient::new(transport()?, &url).with_timeout(Duration::from_secs(4));
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

/// Where the server answers that is this container's first process. It has this process's files and
/// variables, but flags of its own.
fn server_here() -> Option<String> {
    served_by(&std::fs::read("/proc/1/cmdline").ok()?)
}

/// Where the server answers that this command line started, its words ended by zeros.
fn served_by(line: &[u8]) -> Option<String> {
    let words = line.strip_suffix(&[0])?.split(|byte| *byte == 0);
    let words: Vec<OsString> = words.map(|word| OsStr::from_bytes(word).into()).collect();
    if Path::new(words.first()?).file_name()? != "podling" {
        return None;
    }
    let cli = Cli::try_parse_from(go_flags::accept(words)).ok()?;
    let context = Context::new(&cli.global, cli.command.flags()).ok()?;
    let address = cli.command.listens(&context.config)?;
    Some(format!("http://{}", server::reachable(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_containers_first_process_says_where_it_listens() {
        let url = |line: &str| served_by(line.replace(' ', "\0").as_bytes());
        let at = |url: &str| Some(url.to_owned());
        assert_eq!(
            url("/usr/local/bin/podling worker --node-id w -port=9001 "),
            at("http://127.0.0.1:9001")
        );
        assert_eq!(
            url("podling worker --node-id w --bind 10.1.0.2 "),
            at("http://10.1.0.2:8081")
        );
        assert_eq!(
            url("podling -v standalone --bind 0.0.0.0:9000 --port 9001 "),
            at("http://127.0.0.1:9000")
        );
        for other in [
            "podling ps ",
            "podling ",
            "/sbin/init splash ",
            "worker ",
            "",
        ] {
            assert_eq!(url(other), None, "{other}");
        }
    }
}
