//! wrk, for whoever does not trust a load generator we made ourselves.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::time::{Duration, timeout};

/// Submits this over so many connections for so many seconds; what it said. Each answer was a 2xx.
pub async fn submit(address: &str, body: &str, connections: usize, seconds: u64) -> Result<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/support/submit.lua");
    let mut command = Command::new("wrk");
    command
        .args(["--threads", "1", "--latency"])
        .args(["--connections", &connections.to_string()])
        .args(["--duration", &format!("{seconds}s")])
        .arg("--script")
        .arg(script)
        .arg(format!("http://{address}/api/v1/tasks"))
        .env("SUBMISSION", body)
        .kill_on_drop(true);
    let output = timeout(Duration::from_secs(seconds + 30), command.output());
    let output = output.await.context("wrk does not end")?;
    let output = output.context("wrk (Debian's package of that name)")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "wrk: {said} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    // wrk says so only when there were any: each of them was not acknowledged.
    ensure!(
        !said.contains("Non-2xx") && !said.contains("Socket errors"),
        "{said}"
    );
    Ok(said)
}

/// Requests a second, from what it said.
pub fn per_second(said: &str) -> Result<f64> {
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    Ok(line.context("wrk says no rate")?.trim().parse()?)
}
