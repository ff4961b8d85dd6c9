//! How long a master with many tasks takes after SIGKILL until it is ready again.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::api::Api;
use crate::restarts::restarts;
use crate::statistics::{median, milliseconds, round, summary};
use crate::{Setup, fill};

const TASKS: u64 = 100_000;
const NAME: &str = "restart";
const RUNS: usize = 5;

pub async fn measure(setup: &Setup) -> Result<Value> {
    fill::sqlite(&setup.folder.join(NAME), TASKS).await?;
    let (running, times) = restarts(setup, NAME, RUNS).await?;
    let times: Vec<f64> = times.into_iter().map(milliseconds).collect();
    let known = Api::open(&running.address).await?.list("?limit=1").await?;
    ensure!(known.len() == 1, "nothing was loaded");
    running.process.kill().await?;
    let bytes = std::fs::metadata(setup.folder.join(NAME).join("podling.db"))?.len();
    Ok(json!({
        "what": "master killed with SIGKILL, started again on its SQLite store with 100,000 tasks (most have ended, with the five events of their life each), to the first 200 of /ready, asked every ms; the file is in the system's cache",
        "ms": round(median(&times)), "at_most": 1500, "details_ms": summary(&times),
        "tasks": TASKS, "database_bytes": bytes,
    }))
}
