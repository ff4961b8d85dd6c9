//! How long a master with many tasks takes after SIGKILL until it is ready again.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::api::Api;
use crate::process::Master;
use crate::statistics::{median, milliseconds, round, summary};
use crate::{Setup, fill};

const TASKS: u64 = 100_000;
const NAME: &str = "restart";
const RUNS: usize = 5;

pub async fn measure(setup: &Setup) -> Result<Value> {
    fill::sqlite(&setup.folder.join(NAME), TASKS).await?;
    let mut times = Vec::new();
    let mut running = Master::start(setup, NAME).await?;
    for run in 0..RUNS {
        // So that there is a log to be read, too, as after a crash in real life.
        let mut api = Api::open(&running.address).await?;
        for n in 0..100 {
            let body = json!({ "name": format!("r{run}-{n}"), "image": "busybox" });
            api.submit(&body.to_string()).await?;
        }
        running.process.kill().await?;
        let start = Instant::now();
        running = Master::spawn(setup, NAME)?;
        running.until_ready().await?;
        times.push(milliseconds(start.elapsed()));
    }
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
