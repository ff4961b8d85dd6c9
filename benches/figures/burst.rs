//! Many tasks at once on one worker: how near podling comes to what the engine can do.

use anyhow::Result;
use serde_json::{Value, json};

use crate::Setup;
use crate::api::Api;
use crate::containers::{many_by_podling, many_by_raw_calls, recipe};
use crate::engine::Engine;
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
        raw.push(many_by_raw_calls(&engine, &recipe, TASKS, RAW_IN_FLIGHT).await?);
        podling.push(many_by_podling(setup, &master, &mut api, &engine, TASKS).await?);
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
