//! What can be written on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use super::commands;
use super::context::Context;
use crate::config::{Config, Flag, Raw};

/// A container orchestrator in one small binary.
#[derive(Debug, Parser)]
#[command(
    name = "podling",
    version = crate::version::TEXT,
    arg_required_else_help = true,
    after_help = "\
Examples:
  podling standalone                              a master and a worker on this machine
  podling run web --image nginx:latest            a container on one of the nodes
  podling ps                                      what runs, what waits, and why
  podling logs web --follow

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration; `run --wait` and `run --follow` end
with the container's exit code."
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// Where the master is [default: http://localhost:8080]
    #[arg(
        long,
        global = true,
        help_heading = "Global options",
        value_name = "URL"
    )]
    pub master: Option<String>,
    /// More detail: in tables, and in what a master or worker logs
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub verbose: bool,
    /// A configuration file, .toml or .yaml, besides the usual ones
    #[arg(
        long,
        global = true,
        help_heading = "Global options",
        value_name = "FILE"
    )]
    pub config: Option<PathBuf>,
    /// table or json [default: table]
    #[arg(
        short,
        long,
        global = true,
        help_heading = "Global options",
        value_name = "FORMAT"
    )]
    pub output: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(commands::run::Run),
    Ps(commands::ps::Ps),
    Nodes(commands::nodes::Nodes),
    Logs(commands::logs::Logs),
    Stop(commands::stop::Stop),
    Rm(commands::rm::Rm),
    Drain(commands::drain::Drain),
    Uncordon(commands::uncordon::Uncordon),
    Events(commands::events::Events),
    Prune(commands::prune::Prune),
    ReleaseBrake(commands::release_brake::ReleaseBrake),
    Health(commands::health::Health),
    Config(commands::config::Config),
    Master(commands::master::Master),
    Worker(commands::worker::Worker),
    Standalone(commands::standalone::Standalone),
    Simulate(commands::simulate::Simulate),
}

impl Command {
    /// The settings this command's own flags set.
    pub fn flags(&self) -> Vec<Flag> {
        match self {
            Self::Master(master) => master.flags(),
            Self::Worker(worker) => worker.flags(),
            Self::Standalone(standalone) => standalone.flags(),
            Self::Simulate(simulate) => simulate.flags(),
            Self::Health(health) => health.flags(),
            _ => Vec::new(),
        }
    }

    /// Where the server listens that this command starts; none when it starts none.
    pub fn listens(&self, config: &Config) -> Option<SocketAddr> {
        match self {
            Self::Master(_) | Self::Standalone(_) => Some(config.master_address()),
            Self::Worker(_) => Some(config.worker_address()),
            _ => None,
        }
    }

    /// Does it.
    pub fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        match self {
            Self::Run(command) => context.block_on(|context| command.execute(context)),
            Self::Ps(command) => context.block_on(|context| command.execute(context)),
            Self::Nodes(command) => context.block_on(|context| command.execute(context)),
            Self::Logs(command) => context.block_on(|context| command.execute(context)),
            Self::Stop(command) => context.block_on(|context| command.execute(context)),
            Self::Rm(command) => context.block_on(|context| command.execute(context)),
            Self::Drain(command) => context.block_on(|context| command.execute(context)),
            Self::Uncordon(command) => context.block_on(|context| command.execute(context)),
            Self::Events(command) => context.block_on(|context| command.execute(context)),
            Self::Prune(command) => context.block_on(|context| command.execute(context)),
            Self::ReleaseBrake(command) => context.block_on(|context| command.execute(context)),
            Self::Health(command) => context.block_on(|context| command.execute(context)),
            Self::Config(command) => command.execute(&context),
            Self::Master(command) => command.execute(&context),
            Self::Worker(command) => command.execute(&context),
            Self::Standalone(command) => command.execute(&context),
            Self::Simulate(command) => command.execute(&context),
        }
    }
}

/// The flags that were given, as settings.
pub(super) fn given<const N: usize>(
    flags: [(&'static str, &'static str, &Option<String>); N],
) -> Vec<Flag> {
    let flag = |(name, key, value): (_, _, &Option<String>)| {
        let value = Raw::Text(value.clone()?);
        Some(Flag { key, name, value })
    };
    flags.into_iter().filter_map(flag).collect()
}

/// A flag without a value, when it was given.
pub(super) fn switched_on(name: &'static str, key: &'static str, given: bool) -> Option<Flag> {
    let value = Raw::Text("true".into());
    given.then_some(Flag { key, name, value })
}
