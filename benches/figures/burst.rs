//! Many tasks at once on one worker: how near podling comes to what the engine can do.

use std::time::Instant;

use anyhow::Result;
use bollard::models::ContainerCreateBody;
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};

use crate::Setup;
use crate::api::{Api, Events};
use crate::engine::Engine;
use crate::one_task::recipe;
use crate::process::Master;
use crate::statistics::{median, round};

const TASKS: usize = 40;
const RAW_IN_FLIGHT: usize = 8;
const ROUNDS: usize = 3;

pub async fn measure(setup: &Setup) -> Result<Value> {
    let master = Master::start(setup, "burst").await?;
    let worker = master.start_worker(setup).await?;
    let engine = Engine::connect()?;
    let mut api = Api::open(&master.address).await?;
    let recipe = recipe(setup, &mut api, &engine).await?;

    let (mut podling, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        raw.push(raw_per_second(&engine, &recipe).await?);
        podling.push(podling_per_second(setup, &master, &mut api, &engine).await?);
    }
    worker.stop().await?;
    master.process.stop().await?;
    let best_raw = raw.iter().copied().fold(0.0, f64::max);
    Ok(json!({
        "what": "40 tasks submitted at once to one worker: containers started per second, the median round over the best round of raw API calls with 8 in flight",
        "ratio": round(median(&podling) / best_raw), "at_least": 0.9,
        "podling_per_second": podling.iter().copied().map(round).collect::<Vec<_>>(),
        "raw_per_second": raw.iter().copied().map(round).collect::<Vec<_>>(),
    }))
}

async fn raw_per_second(engine: &Engine, recipe: &ContainerCreateBody) -> Result<f64> {
    let start = Instant::now();
    let containers: Vec<String> = stream::iter((0..TASKS).map(|_| engine.run(recipe)))
        .buffer_unordered(RAW_IN_FLIGHT)
        .try_collect()
        .await?;
    let took = start.elapsed();
    // One after another: Docker 20.10 can dead-lock over many forced removals at once.
    for container in containers {
        engine.remove(&container).await?;
    }
    Ok(TASKS as f64 / took.as_secs_f64())
}

async fn podling_per_second(
    setup: &Setup,
    master: &Master,
    api: &mut Api,
    engine: &Engine,
) -> Result<f64> {
    let mut events = Events::open(&master.address).await?;
    let mut connections = try_join_all((0..TASKS).map(|_| Api::open(&master.address))).await?;
    let body = Api::sleeper(&setup.task_image);
    let start = Instant::now();
    let ids = try_join_all(connections.iter_mut().map(|api| api.submit(&body))).await?;
    events.until_running(&ids).await?;
    let took = start.elapsed();
    for id in ids {
        api.remove(&id).await?;
    }
    engine.until_gone(&setup.name).await?;
    Ok(TASKS as f64 / took.as_secs_f64())
}
