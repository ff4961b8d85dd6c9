//! How soon the master knows that a container has ended.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::Setup;
use crate::api::{Api, Events};
use crate::engine::Engine;
use crate::process::Master;
use crate::statistics::{median, round, summary};

const RUNS: usize = 30;

pub async fn measure(setup: &Setup) -> Result<Value> {
    let master = Master::start(setup, "exit-visible").await?;
    let worker = master.start_worker(setup).await?;
    let engine = Engine::connect()?;
    let mut api = Api::open(&master.address).await?;
    let mut events = Events::open(&master.address).await?;
    let (mut times, mut of_engine) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let body = json!({
            "name": "ends", "image": setup.task_image, "command": ["sleep", "0.2"],
        });
        let id = api.submit(&body.to_string()).await?;
        events
            .until("taskCompleted", std::slice::from_ref(&id))
            .await?;
        // Both by this machine's clock.
        let seen = jiff::Timestamp::now();
        let task = api.task(&id).await?;
        let container = task["containerId"].as_str().context("it had a container")?;
        let ended = engine.finished_at(container).await?;
        let said = engine.said_at(container).await?;
        let after = |moment: jiff::Timestamp| moment.duration_since(ended).as_secs_f64() * 1000.0;
        times.push(after(seen));
        of_engine.push(after(said));
        api.remove(&id).await?;
    }
    worker.stop().await?;
    master.process.stop().await?;
    Ok(json!({
        "what": "the end of a container, as the engine notes it, to the event that says so (after that GET of the task does too)",
        "ms": round(median(&times)), "at_most": 150, "details_ms": summary(&times),
        "until_the_engine_says_so_ms": summary(&of_engine),
    }))
}
