//! `podling master`: the control plane.

use std::process::ExitCode;

use clap::Args;

use crate::cli::args::{given, switched_on};
use crate::cli::context::Context;
use crate::cli::server;
use crate::config::Flag;
use crate::master;

/// Run a master: the API, the scheduler and the state
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling master                                            SQLite in the data directory
  podling master --bind 127.0.0.1:9000 --data-dir ./state
  podling master --store memory                             nothing survives it
  podling master --store postgres --database-url postgres://user:password@host/podling

Every flag is also a setting: see `podling config`. RUST_LOG chooses what is logged,
unless --verbose does.")]
pub(crate) struct Master {
    #[command(flatten)]
    state: State,
    /// A node neither heard nor answering for so long is offline [default: 15s]
    #[arg(long, value_name = "DURATION")]
    node_timeout: Option<String>,
    /// A node silent for so long is asked whether it is there [default: 5s]
    #[arg(long, value_name = "DURATION")]
    probe_after: Option<String>,
    /// Open requests get so long to end at shutdown, and then the store as long to take the last changes [default: 10s]
    #[arg(long, value_name = "DURATION")]
    shutdown_timeout: Option<String>,
    /// Listen on addresses others can reach: whoever reaches this port controls Docker on all nodes
    #[arg(long)]
    insecure: bool,
}

/// The flags a master and `podling standalone` have in common.
#[derive(Debug, Args)]
pub(super) struct State {
    /// Where the API listens [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    bind: Option<String>,
    /// Where the state rests: memory, sqlite or postgres [default: sqlite]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// The PostgreSQL database
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// The directory of the SQLite database
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// How nodes are chosen: spread or binpack [default: spread]
    #[arg(long, value_name = "STRATEGY")]
    strategy: Option<String>,
    /// An ended task is forgotten after so long; never [default: 24h]
    #[arg(long, value_name = "DURATION")]
    task_ttl: Option<String>,
}

impl State {
    pub fn flags(&self) -> Vec<Flag> {
        given([
            ("--bind", "master.bind", &self.bind),
            ("--store", "master.store", &self.store),
            ("--database-url", "master.database-url", &self.database_url),
            ("--data-dir", "master.data-dir", &self.data_dir),
            ("--strategy", "master.strategy", &self.strategy),
            ("--task-ttl", "master.task-ttl", &self.task_ttl),
        ])
    }
}

impl Master {
    pub fn flags(&self) -> Vec<Flag> {
        let mut flags = self.state.flags();
        flags.extend(given([
            ("--node-timeout", "master.node-timeout", &self.node_timeout),
            ("--probe-after", "master.probe-after", &self.probe_after),
            (
                "--shutdown-timeout",
                "master.shutdown-timeout",
                &self.shutdown_timeout,
            ),
        ]));
        flags.extend(switched_on("--insecure", "master.insecure", self.insecure));
        flags
    }

    pub fn execute(self, context: &Context) -> anyhow::Result<ExitCode> {
        server::run(context.verbose, async |stop| {
            let options = context.config.master_options()?;
            Ok(master::run(options, stop).await?)
        })
    }
}
