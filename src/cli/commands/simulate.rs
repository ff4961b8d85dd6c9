//! `podling simulate`: nodes that cost nothing.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::cli::args::given;
use crate::cli::context::Context;
use crate::cli::{server, spec};
use crate::config::{Flag, Kind, Value};
use crate::simulate::{self, MOST_NODES, Range, Share};

/// What is logged without --verbose and RUST_LOG: what each of thousands of workers says is left out.
const LOGGED: &str = "info,podling::worker=error,actix_server=warn";

/// Run simulated nodes: real workers without containers, to try scheduling without hosts
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling master --store memory                           in one terminal
  podling simulate --nodes 100                            in another; then `podling nodes`
  podling run web --image any --restart always            any image is there
  podling simulate --nodes 1000 --cpu 16 --memory 64Gi --labels disk=ssd
  podling simulate --nodes 5 --run-time forever           containers run until they are stopped
  podling simulate --nodes 50 --start-latency 1s..5s --run-time 10s --fail 20%

To the master these are nodes like any other, at 127.1.0.1, 127.1.0.2 and so on: what it does with
them it does with real ones. Their containers are made up: how long each takes to start, how long it
runs and whether it fails (exit code 1) is drawn anew for each run. They end with this process.
More than one process: each needs its own --prefix and --port.")]
pub(crate) struct Simulate {
    /// How many nodes
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_NODES)))]
    nodes: u32,
    /// Cores of each node, such as 16 or 500m
    #[arg(long, value_name = "CORES", default_value = "4", value_parser = cpu)]
    cpu: u64,
    /// Memory of each node, such as 64Gi
    #[arg(long, value_name = "BYTES", default_value = "8Gi", value_parser = memory)]
    memory: u64,
    /// So many tasks at once on each node [default: any number]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    capacity: Option<u32>,
    /// Labels of every node
    #[arg(long, alias = "label", value_name = "KEY=VALUE,…", value_delimiter = ',', value_parser = spec::label)]
    labels: Vec<(String, String)>,
    /// How long a container takes to start
    #[arg(long, value_name = "FROM..TO", default_value = "20ms..80ms")]
    start_latency: Range,
    /// How long a container runs, or forever: until it is stopped
    #[arg(long, value_name = "FROM..TO", default_value = "5s..60s", value_parser = run_time)]
    run_time: RunTime,
    /// How many of the containers that end by themselves fail
    #[arg(long, value_name = "PERCENT", default_value = "0%")]
    fail: Share,
    /// Another seed draws other times and other failures
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// What the nodes' ids begin with
    #[arg(long, value_name = "NAME", default_value = "sim", value_parser = prefix)]
    prefix: String,
    /// The port all nodes listen on, each at its own address
    #[arg(long, value_name = "PORT", default_value_t = 8100, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Where the master is; the same as --master
    #[arg(long, value_name = "URL")]
    master_url: Option<String>,
    /// How often each node reports when nothing happens [default: 30s]
    #[arg(long, value_name = "DURATION")]
    heartbeat_interval: Option<String>,
    /// Tasks get so long to end at shutdown; then they are stopped
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    shutdown_timeout: Duration,
}

/// None: until it is stopped.
type RunTime = Option<Range>;

impl Simulate {
    pub fn flags(&self) -> Vec<Flag> {
        given([
            ("--master-url", "master-url", &self.master_url),
            (
                "--heartbeat-interval",
                "worker.heartbeat-interval",
                &self.heartbeat_interval,
            ),
        ])
    }

    pub fn execute(self, context: &Context) -> anyhow::Result<ExitCode> {
        context.config.check()?;
        let options = simulate::Options {
            nodes: self.nodes,
            prefix: self.prefix,
            port: self.port,
            master_url: context.config.master_url().to_owned(),
            heartbeat_interval: context.config.heartbeat_interval(),
            shutdown_timeout: self.shutdown_timeout,
            capacity: self.capacity,
            cpu_millicores: self.cpu,
            memory_bytes: self.memory,
            labels: self.labels.into_iter().collect(),
            start_latency: self.start_latency,
            run_time: self.run_time,
            fail: self.fail,
            seed: self.seed,
        };
        server::run_logging(LOGGED, context.verbose, async |stop| {
            Ok(simulate::run(options, stop).await?)
        })
    }
}

fn cpu(text: &str) -> Result<u64, String> {
    number(Kind::Cpu, text)
}

fn memory(text: &str) -> Result<u64, String> {
    number(Kind::Memory, text)
}

fn number(kind: Kind, text: &str) -> Result<u64, String> {
    match kind.read(text) {
        Some(Value::Number(number)) => Ok(number),
        _ => Err(format!("allowed: {}", kind.allowed())),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    match Kind::DurationOrNow.read(text) {
        Some(Value::Duration(duration)) => Ok(duration),
        _ => Err(format!("allowed: {}", Kind::DurationOrNow.allowed())),
    }
}

fn run_time(text: &str) -> Result<RunTime, String> {
    match text {
        "forever" => Ok(None),
        _ => text
            .parse()
            .map(Some)
            .map_err(|error| format!("{error}; or forever")),
    }
}

/// The dash and the number come behind it.
fn prefix(text: &str) -> Result<String, String> {
    let longest = format!("{text}-00000");
    match Kind::Name.read(&longest) {
        Some(_) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(
            "allowed: 1 to 122 letters, digits, \"_\", \".\", \"-\", beginning with a letter or \
             digit"
                .into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_time_is_a_range_or_forever() {
        assert_eq!(run_time("forever"), Ok(None));
        assert_eq!(run_time("5s..60s"), Ok("5s..60s".parse().ok()));
        let error = run_time("soon").unwrap_err();
        assert!(error.ends_with("; or forever"), "{error}");
    }

    #[test]
    fn with_its_number_the_prefix_is_a_node_id() {
        assert_eq!(prefix("edge.1"), Ok("edge.1".into()));
        for wrong in ["", "-a", "a b", &"x".repeat(123)] {
            assert!(prefix(wrong).is_err(), "{wrong}");
        }
        assert!(prefix(&"x".repeat(122)).is_ok());
    }
}
