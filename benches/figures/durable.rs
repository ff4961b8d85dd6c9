//! How many submissions a second a master on SQLite acknowledges, each of them durable.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::Setup;
use crate::process::Master;

pub async fn measure(setup: &Setup) -> Result<Value> {
    let master = Master::start(setup, "durable").await?;
    wrk(&master, "2s").await?;
    let said = wrk(&master, "10s").await?;
    master.process.stop().await?;
    // wrk says so only when there were any: each of them was not acknowledged.
    ensure!(
        !said.contains("Non-2xx") && !said.contains("Socket errors"),
        "{said}"
    );
    let per_second = said
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    let per_second: f64 = per_second.context("wrk says no rate")?.trim().parse()?;
    Ok(json!({
        "what": "POST /api/v1/tasks answered 201, SQLite with synchronous=FULL on this machine's disk, 64 kept connections for 10 s after 2 s of warm-up; no worker is registered, so each task is stored as pending",
        "per_second": per_second, "at_least": 10_000,
        "load_generator": "wrk with one thread, on the same cores",
        "wrk_said": said.lines().map(str::trim).collect::<Vec<_>>(),
    }))
}

async fn wrk(master: &Master, duration: &str) -> Result<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/figures/submit.lua");
    let output = Command::new("wrk")
        .args([
            "--threads",
            "1",
            "--connections",
            "64",
            "--duration",
            duration,
            "--latency",
        ])
        .arg("--script")
        .arg(script)
        .arg(format!("http://{}/api/v1/tasks", master.address))
        .output()
        .await
        .context("wrk (Debian's package of that name)")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "wrk: {said} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(said)
}
