//! `podling standalone`: a master and one worker in one process, for a laptop.

use std::process::ExitCode;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{master, worker};
use crate::cli::args::switched_on;
use crate::cli::context::Context;
use crate::cli::server;
use crate::config::{Flag, Kind};
use crate::master::Master;
use crate::worker::Prepared;

/// Run a master and a worker in one process, for one machine
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling standalone
  podling standalone --bind 127.0.0.1:9000 --port 9001 --data-dir ./state

The node's id is the machine's name unless --node-id says otherwise. Every flag is also a setting:
see `podling config`.")]
pub(crate) struct Standalone {
    #[command(flatten)]
    state: master::State,
    #[command(flatten)]
    node: worker::Node,
    /// Listen on addresses others can reach: whoever reaches a port controls Docker here
    #[arg(long)]
    insecure: bool,
}

impl Standalone {
    pub fn flags(&self) -> Vec<Flag> {
        let mut flags = self.state.flags();
        flags.extend(self.node.flags());
        for key in ["master.insecure", "worker.insecure"] {
            flags.extend(switched_on("--insecure", key, self.insecure));
        }
        flags
    }

    pub fn execute(self, context: &Context) -> anyhow::Result<ExitCode> {
        server::run(context.verbose, async |stop| {
            let (master, worker) = context.config.standalone_options(&machine())?;
            both(master, worker, stop).await
        })
    }
}

/// Ordering: what the worker needs for itself comes first, so that a port or node id in use is told
/// before a data directory is made. The master listens before the worker looks for it, and stays until the worker has
/// reported the end of its tasks. When one of them can't go on, neither does.
async fn both(
    master: crate::master::Options,
    mut worker: crate::worker::Options,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let stop_master = CancellationToken::new();
    let prepared = Prepared::new(&worker)?;
    let master = Master::start(master, stop_master.clone()).await?;
    worker.master_url = format!("http://{}", server::reachable(master.address()));
    let mut worker = tokio::spawn(prepared.run(worker, stop.clone()));
    let mut master = tokio::spawn(master.wait());
    tokio::select! {
        ended = &mut worker => {
            stop_master.cancel();
            let master = master.await;
            ended??;
            Ok(master??)
        }
        ended = &mut master => {
            stop.cancel();
            let worker = worker.await;
            ended??;
            Ok(worker??)
        }
    }
}

/// The machine's name, as Linux has it.
fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    named_after(name.trim())
}

/// Not every name of a machine may be a node's.
fn named_after(machine: &str) -> String {
    match Kind::Name.read(machine) {
        Some(_) => machine.to_owned(),
        None => "standalone".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_whose_name_no_node_may_have_is_called_standalone() {
        let names = ["laptop-1.local", "", "-x", "m\u{fc}hle"].map(named_after);
        let standalone = "standalone";
        assert_eq!(
            names,
            ["laptop-1.local", standalone, standalone, standalone]
        );
    }
}
