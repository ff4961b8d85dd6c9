//! Many tasks at once through a cluster of simulated nodes, to the last one reported running.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::lab::{Cpu, Lab};
use crate::load::{self, Load, Until};
use crate::statistics::round;
use crate::support::setup::Setup;
use crate::usage::resident_bytes;

pub const CONNECTIONS: usize = 64;
const RUNNING: &str = r#"podling_tasks{status="running"}"#;
/// Buffers of what just happened are given back by then.
const SETTLE: Duration = Duration::from_secs(5);

/// What was found.
pub struct Throughput {
    pub nodes: u64,
    pub tasks: u64,
    pub took: Duration,
    pub load: Load,
    pub cpu: Cpu,
    /// Of the master, per task.
    pub bytes_per_task: f64,
    /// Of the simulation, before the first task.
    pub idle_simulation_bytes: u64,
    pub registered_in: Duration,
}

impl Throughput {
    pub fn per_second(&self) -> f64 {
        self.tasks as f64 / self.took.as_secs_f64()
    }

    pub fn json(&self) -> Value {
        json!({
            "nodes": self.nodes, "tasks": self.tasks, "tasks_per_second": round(self.per_second()),
            "seconds": round(self.took.as_secs_f64()),
            "submissions_per_second": round(self.load.per_second()),
            "submission_ms": self.load.latency.summary(),
            "cpu_seconds": self.cpu.json(),
            "master_bytes_per_task": round(self.bytes_per_task),
            "idle_simulation_bytes": self.idle_simulation_bytes,
            "registered_in_seconds": round(self.registered_in.as_secs_f64()),
        })
    }
}

/// Submits so many, in a closed loop, and waits until all run.
pub async fn run(setup: &Setup, lab: &Lab, nodes: u64, tasks: u64) -> Result<Throughput> {
    sleep(SETTLE).await;
    let mut api = lab.api().await?;
    let master = lab.master.process.id()?;
    let idle_simulation_bytes = resident_bytes(lab.nodes.process.id()?)?;
    let (memory, cpu) = (resident_bytes(master)?, lab.cpu()?);
    let body = load::task(&setup.task_image);
    let address = &lab.master.address;
    let start = Instant::now();
    let load = load::closed(address, CONNECTIONS, Until::Submitted(tasks), &body).await?;
    let patience = Duration::from_secs(60 + tasks / 100);
    api.until_metric(RUNNING, tasks as f64, patience).await?;
    let took = start.elapsed();
    let cpu = lab.cpu()?.since(cpu);
    let running = api.metric(RUNNING).await?;
    ensure!(running == tasks as f64, "{running} run, not {tasks}");
    sleep(SETTLE).await;
    let grown = resident_bytes(master)?.saturating_sub(memory);
    Ok(Throughput {
        nodes,
        tasks,
        took,
        load,
        cpu,
        bytes_per_task: grown as f64 / tasks as f64,
        idle_simulation_bytes,
        registered_in: lab.registered_in,
    })
}
