//! What podling adds to the start of one container.

use std::time::Instant;

use anyhow::{Context, Result};
use bollard::models::ContainerCreateBody;
use serde_json::{Value, json};

use crate::Setup;
use crate::api::{Api, Events};
use crate::engine::Engine;
use crate::process::Master;
use crate::statistics::{median, milliseconds, round, summary};

const PAIRS: usize = 24;

pub async fn measure(setup: &Setup) -> Result<Value> {
    let master = Master::start(setup, "one-task").await?;
    let worker = master.start_worker(setup).await?;
    let engine = Engine::connect()?;
    let mut api = Api::open(&master.address).await?;
    let mut events = Events::open(&master.address).await?;
    let recipe = recipe(setup, &mut api, &engine).await?;

    let (mut with, mut without) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        // Whoever comes first in a pair has no advantage over all of them.
        for turn in 0..2 {
            if (pair + turn) % 2 == 0 {
                with.push(through_podling(setup, &mut api, &mut events, &engine).await?);
            } else {
                let start = Instant::now();
                let container = engine.run(&recipe).await?;
                without.push(milliseconds(start.elapsed()));
                engine.remove(&container).await?;
            }
        }
    }
    worker.stop().await?;
    master.process.stop().await?;
    let added: Vec<f64> = with
        .iter()
        .zip(&without)
        .map(|(with, raw)| with - raw)
        .collect();
    Ok(json!({
        "what": "POST of a task to the event that says it runs, over the same container created and started by two raw Docker API calls, measured in turns",
        "added_ms": round(median(&with) - median(&without)), "at_most": 20,
        "median_of_pair_differences_ms": round(median(&added)),
        "podling_ms": summary(&with), "raw_ms": summary(&without),
    }))
}

/// Runs one task to see what podling makes of it.
pub async fn recipe(setup: &Setup, api: &mut Api, engine: &Engine) -> Result<ContainerCreateBody> {
    let id = api.submit(&Api::sleeper(&setup.task_image)).await?;
    let task = api.until_status(&id, &["running"]).await?;
    let container = task["containerId"]
        .as_str()
        .context("a running task without a container")?;
    let mut recipe = engine.recipe(container).await?;
    // A worker that finds a container with its labels would take it for one of its own.
    recipe.labels = Some([("podling.figures".to_owned(), setup.name.clone())].into());
    api.remove(&id).await?;
    engine.until_gone(&setup.name).await?;
    Ok(recipe)
}

async fn through_podling(
    setup: &Setup,
    api: &mut Api,
    events: &mut Events,
    engine: &Engine,
) -> Result<f64> {
    let body = Api::sleeper(&setup.task_image);
    let start = Instant::now();
    let ids = [api.submit(&body).await?];
    events.until_running(&ids).await?;
    let took = milliseconds(start.elapsed());
    api.remove(&ids[0]).await?;
    engine.until_gone(&setup.name).await?;
    Ok(took)
}
