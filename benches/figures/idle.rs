//! What a master and a worker cost when nothing happens.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::Setup;
use crate::process::{Master, Process};
use crate::statistics::round;

const UNTIL_IDLE: Duration = Duration::from_secs(60);
const WATCHED: Duration = Duration::from_secs(60);
/// Linux counts processor time for `/proc` in hundredths of a second, whatever the kernel's own HZ.
const TICKS_PER_SECOND: f64 = 100.0;

pub async fn measure(setup: &Setup) -> Result<Value> {
    let mut master = Master::start(setup, "idle").await?;
    let mut worker = master.start_worker(setup).await?;
    sleep(UNTIL_IDLE).await;
    let memory = (resident_mb(&master.process)?, resident_mb(&worker)?);
    let before = (ticks(&master.process)?, ticks(&worker)?);
    sleep(WATCHED).await;
    let percent = |before: f64, after: f64| {
        (after - before) / TICKS_PER_SECOND / WATCHED.as_secs_f64() * 100.0
    };
    let cpu = (
        percent(before.0, ticks(&master.process)?),
        percent(before.1, ticks(&worker)?),
    );
    master.process.check()?;
    worker.check()?;
    worker.stop().await?;
    master.process.stop().await?;
    Ok(json!({
        "what": "a master on SQLite and its worker, 60 s after their start without a task: resident memory (VmRSS), and processor time of the 60 s after that",
        "master_mb": round(memory.0), "worker_mb": round(memory.1), "at_most_mb_each": 15,
        "cpu_percent_of_a_core": round(cpu.0 + cpu.1), "at_most_percent": 0.5,
        "master_cpu_percent": round(cpu.0), "worker_cpu_percent": round(cpu.1),
    }))
}

/// In MB of a million bytes.
fn resident_mb(process: &Process) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()?))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024.0 / 1e6)
}

/// Processor time so far, of user and system.
fn ticks(process: &Process) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id()?))?;
    // The name, in parentheses, may hold blanks; the fields after it are counted from the third.
    let (_, fields) = stat.rsplit_once(')').context("a stat line")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    Ok(fields[11].parse::<f64>()? + fields[12].parse::<f64>()?)
}
