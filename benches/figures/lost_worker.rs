//! How long a lost node's tasks don't run: podling, and Docker Swarm on the same machine.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::Setup;
use crate::api::Api;
use crate::engine::Engine;
use crate::process::Master;
use crate::statistics::round;

const TASKS: usize = 5;
const RUNS: usize = 3;

pub async fn measure(setup: &Setup) -> Result<Value> {
    let defaults = runs(setup, "lost", &[]).await?;
    let short = runs(setup, "lost-3s", &["--node-timeout", "3s"]).await?;
    Ok(json!({
        "what": format!(
            "SIGKILL of a worker, its {TASKS} containers removed with it, until the last of its tasks runs elsewhere; the worst of {RUNS} runs"
        ),
        "seconds": worst(&defaults), "at_most": 17, "each": each(&defaults),
        "with_node_timeout_3s_seconds": worst(&short), "with_node_timeout_3s_at_most": 5, "with_node_timeout_3s_each": each(&short),
        "docker_swarm_seconds": swarm().await,
    }))
}

/// Seconds from the kill on.
struct Moved {
    /// Until the master has placed all tasks elsewhere.
    placed: f64,
    /// Until the last one's container runs there.
    running: f64,
}

async fn runs(setup: &Setup, name: &str, args: &[&str]) -> Result<Vec<Moved>> {
    let mut times = Vec::new();
    for run in 0..RUNS {
        times.push(once(setup, &format!("{name}-{run}"), args).await?);
    }
    Ok(times)
}

async fn once(setup: &Setup, name: &str, args: &[&str]) -> Result<Moved> {
    let (lost, other) = (format!("{}-a", setup.name), format!("{}-b", setup.name));
    let engine = Engine::connect()?;
    let master = Master::start_with(setup, name, args).await?;
    let worker = master.start_node(setup, &lost).await?;
    let mut api = Api::open(&master.address).await?;
    let mut ids = Vec::new();
    for _ in 0..TASKS {
        ids.push(api.submit(&Api::sleeper(&setup.task_image)).await?);
    }
    for id in &ids {
        api.until_status(id, &["running"]).await?;
    }
    let replacement = master.start_node(setup, &other).await?;

    let start = Instant::now();
    worker.kill().await?;
    engine.remove_all(&lost).await?;
    until_all_match(&mut api, &format!("?nodeId={other}")).await?;
    let placed = round(start.elapsed().as_secs_f64());
    until_all_match(&mut api, &format!("?status=running&nodeId={other}")).await?;
    let running = round(start.elapsed().as_secs_f64());

    replacement.kill().await?;
    engine.remove_all(&other).await?;
    master.process.stop().await?;
    Ok(Moved { placed, running })
}

/// Looks every five milliseconds; for two minutes at most.
async fn until_all_match(api: &mut Api, query: &str) -> Result<()> {
    let look = async {
        while api.list(query).await?.len() < TASKS {
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    };
    timeout(Duration::from_secs(120), look)
        .await
        .context("the tasks did not run elsewhere within two minutes")?
}

fn worst(times: &[Moved]) -> f64 {
    times.iter().map(|moved| moved.running).fold(0.0, f64::max)
}

fn each(times: &[Moved]) -> Value {
    let each = |moved: &Moved| json!({ "placed_s": moved.placed, "running_s": moved.running });
    times.iter().map(each).collect()
}

/// The like with a Swarm of two engines; or why it could not be measured.
async fn swarm() -> Value {
    let output = Command::new("scripts/swarm-node-lost.sh").output().await;
    let output = match output {
        Ok(output) => output,
        Err(error) => return json!(format!("not measured: {error}")),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim().parse::<f64>() {
        Ok(seconds) if output.status.success() => json!(round(seconds)),
        _ => {
            let why = String::from_utf8_lossy(&output.stderr);
            json!(format!(
                "not measured: {}",
                why.lines().last().unwrap_or_default()
            ))
        }
    }
}
