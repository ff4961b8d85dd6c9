//! `podling nodes`: the machines that run containers.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;

use crate::cli::age::age;
use crate::cli::context::Context;
use crate::cli::table::Table;
use crate::core::resources::{format_cpu, format_memory};
use crate::wire::{Condition, Node, NodeStatus};

/// List the nodes: what they have, whether they are there, and if not ready, why
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling nodes
  podling nodes --verbose         with cpu, memory, engine, version and labels
  podling nodes -o json")]
pub(crate) struct Nodes {}

impl Nodes {
    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        let nodes = context.master()?.nodes().await?;
        let now = context.now();
        let text = || table(&nodes, context.verbose, now);
        context.output.result(&nodes, text)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn table(nodes: &[Node], verbose: bool, now: Timestamp) -> String {
    let mut header = vec![
        "ID",
        "HOSTNAME",
        "PORT",
        "STATUS",
        "CAPACITY",
        "TASKS",
        "LAST HEARTBEAT",
    ];
    if verbose {
        header.extend(["CPU", "MEMORY", "ENGINE", "VERSION", "LABELS"]);
    }
    let mut table = Table::new(&header);
    for node in nodes {
        let mut cells = vec![
            node.node_id.clone(),
            node.hostname.clone(),
            node.port.to_string(),
            status(node),
            node.capacity
                .map_or("unlimited".into(), |slots| slots.to_string()),
            node.running_tasks.to_string(),
            format!("{} ago", age(node.last_heartbeat, now)),
        ];
        if verbose {
            cells.extend(more(node));
        }
        table.row(cells, node.reason.clone());
    }
    table.render()
}

/// `online`, `online (draining)`, `offline`.
fn status(node: &Node) -> String {
    let condition = match (node.status, node.condition) {
        (NodeStatus::Offline, Condition::Draining) => return "offline (draining)".into(),
        (NodeStatus::Offline, _) => return "offline".into(),
        (NodeStatus::Online, Condition::Ready) => return "online".into(),
        (NodeStatus::Online, Condition::Draining) => "draining",
        (NodeStatus::Online, Condition::Degraded) => "degraded",
        (NodeStatus::Online, Condition::Unreachable) => "unreachable",
    };
    format!("online ({condition})")
}

fn more(node: &Node) -> [String; 5] {
    let (capacity, used) = (node.resources.capacity, node.resources.used);
    let of = |used: String, capacity: Option<String>| match capacity {
        Some(capacity) => format!("{used} of {capacity}"),
        None => used,
    };
    let engine = node
        .engine
        .as_ref()
        .map(|engine| format!("{} {} ({})", engine.name, engine.version, engine.arch));
    let labels: Vec<String> = node
        .labels
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    [
        of(
            format_cpu(used.cpu),
            capacity.and_then(|capacity| capacity.cpu.map(format_cpu)),
        ),
        of(
            format_memory(used.memory),
            capacity.and_then(|capacity| capacity.memory.map(format_memory)),
        ),
        engine.unwrap_or("-".into()),
        node.version.clone().unwrap_or("-".into()),
        match labels.is_empty() {
            true => "-".into(),
            false => labels.join(","),
        },
    ]
}
