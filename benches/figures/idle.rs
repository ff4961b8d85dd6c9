//! What a master and a worker cost when nothing happens.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::Setup;
use crate::process::Master;
use crate::statistics::round;
use crate::usage::{cpu_seconds, resident_mb};

const UNTIL_IDLE: Duration = Duration::from_secs(60);
const WATCHED: Duration = Duration::from_secs(60);

pub async fn measure(setup: &Setup) -> Result<Value> {
    let mut master = Master::start(setup, "idle").await?;
    let mut worker = master.start_worker(setup).await?;
    sleep(UNTIL_IDLE).await;
    let (of_master, of_worker) = (master.process.id()?, worker.id()?);
    let memory = (resident_mb(of_master)?, resident_mb(of_worker)?);
    let before = (cpu_seconds(of_master)?, cpu_seconds(of_worker)?);
    sleep(WATCHED).await;
    let percent = |before: f64, after: f64| (after - before) / WATCHED.as_secs_f64() * 100.0;
    let cpu = (
        percent(before.0, cpu_seconds(of_master)?),
        percent(before.1, cpu_seconds(of_worker)?),
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
