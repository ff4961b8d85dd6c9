//! `podling worker`: the agent on each host.

use std::process::ExitCode;

use clap::Args;

use crate::cli::args::{given, switched_on};
use crate::cli::context::Context;
use crate::cli::server;
use crate::config::{Flag, Raw};
use crate::worker;

/// Run a worker: it runs containers on this machine's Docker Engine
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling worker --node-id worker-1
  podling worker --node-id worker-2 --port 8082 --capacity 10 --label disk=ssd
  podling worker --node-id far --master-url http://10.0.0.1:8080 \\
      --bind 10.0.0.2 --insecure                            in a network that is yours alone

Every flag is also a setting: see `podling config`. DOCKER_HOST names another engine; RUST_LOG
chooses what is logged, unless --verbose does.")]
pub(crate) struct Worker {
    #[command(flatten)]
    node: Node,
    /// Where the master reaches this worker [default: the address of --bind, or localhost]
    #[arg(long, value_name = "HOST")]
    hostname: Option<String>,
    /// The address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDR")]
    bind: Option<String>,
    /// Where the master is; the same as --master
    #[arg(long, value_name = "URL")]
    master_url: Option<String>,
    /// How often the worker reports when nothing happens [default: 30s]
    #[arg(long, value_name = "DURATION")]
    heartbeat_interval: Option<String>,
    /// Listen on addresses others can reach: whoever reaches this port controls Docker here
    #[arg(long)]
    insecure: bool,
}

/// The flags a worker and `podling standalone` have in common.
#[derive(Debug, Args)]
pub(super) struct Node {
    /// The node's id: the same after each restart, another one on each host
    #[arg(long, value_name = "ID")]
    node_id: Option<String>,
    /// The port the worker listens on [default: 8081]
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
    /// At shutdown the worker is gone after so long: what has not ended up to 12 s before is stopped [default: 30s]
    #[arg(long, value_name = "DURATION")]
    shutdown_timeout: Option<String>,
    /// So many tasks at once [default: 110]
    #[arg(long, value_name = "NUMBER")]
    capacity: Option<String>,
    /// Cores for tasks, such as 2 or 500m [default: all there are]
    #[arg(long, value_name = "CORES")]
    cpu: Option<String>,
    /// Memory for tasks, such as 2Gi [default: all there is]
    #[arg(long, value_name = "BYTES")]
    memory: Option<String>,
    /// A label of the node
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Leave containers running at shutdown, for the next start of this worker
    #[arg(long)]
    leave_running: bool,
}

impl Node {
    pub fn flags(&self) -> Vec<Flag> {
        let mut flags = given([
            ("--node-id", "worker.node-id", &self.node_id),
            ("--port", "worker.port", &self.port),
            (
                "--shutdown-timeout",
                "worker.shutdown-timeout",
                &self.shutdown_timeout,
            ),
            ("--capacity", "worker.capacity", &self.capacity),
            ("--cpu", "worker.cpu", &self.cpu),
            ("--memory", "worker.memory", &self.memory),
        ]);
        if !self.label.is_empty() {
            flags.push(Flag {
                key: "worker.labels",
                name: "--label",
                value: Raw::Items(self.label.clone()),
            });
        }
        flags.extend(switched_on(
            "--leave-running",
            "worker.leave-running",
            self.leave_running,
        ));
        flags
    }
}

impl Worker {
    pub fn flags(&self) -> Vec<Flag> {
        let mut flags = self.node.flags();
        flags.extend(given([
            ("--hostname", "worker.hostname", &self.hostname),
            ("--bind", "worker.bind", &self.bind),
            ("--master-url", "master-url", &self.master_url),
            (
                "--heartbeat-interval",
                "worker.heartbeat-interval",
                &self.heartbeat_interval,
            ),
        ]));
        flags.extend(switched_on("--insecure", "worker.insecure", self.insecure));
        flags
    }

    pub fn execute(self, context: &Context) -> anyhow::Result<ExitCode> {
        server::run(context.verbose, async |stop| {
            let options = context.config.worker_options()?;
            Ok(worker::run(options, stop).await?)
        })
    }
}
