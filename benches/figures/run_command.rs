//! How long the command `podling run` takes, from its start to its exit.

use std::process::Stdio;
use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::api::Api;
use crate::process::{Master, podling};
use crate::statistics::{median, milliseconds, round, summary};
use crate::{Setup, engine::Engine};

const RUNS: usize = 40;

pub async fn measure(setup: &Setup) -> Result<Value> {
    let master = Master::start(setup, "run-command").await?;
    let worker = master.start_worker(setup).await?;
    let mut api = Api::open(&master.address).await?;
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let mut command = podling(setup);
        command
            .args(["--master", &format!("http://{}", master.address)])
            .args([
                "run",
                "measured",
                "--image",
                &setup.task_image,
                "--",
                "true",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let start = Instant::now();
        let output = command.output().await?;
        times.push(milliseconds(start.elapsed()));
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        // The container's own work must not be in the time of the next command.
        for task in api.list("").await? {
            let id = task["taskId"].as_str().unwrap_or_default();
            api.until_status(id, &["completed"]).await?;
            api.remove(id).await?;
        }
        Engine::connect()?.until_gone(&setup.name).await?;
    }
    worker.stop().await?;
    master.process.stop().await?;
    Ok(json!({
        "what": "podling run without --wait, start of the command to its exit, master on SQLite, a worker that starts the container",
        "ms": round(median(&times)), "at_most": 30, "details_ms": summary(&times),
    }))
}
