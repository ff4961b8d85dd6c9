//! What podling adds to the start of one container.

use anyhow::Result;
use serde_json::{Value, json};

use crate::Setup;
use crate::api::{Api, Events};
use crate::containers::{one_by_podling, one_by_raw_calls, recipe};
use crate::engine::Engine;
use crate::process::Master;
use crate::statistics::{median, round, summary};

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
                with.push(one_by_podling(setup, &mut api, &mut events, &engine).await?);
            } else {
                without.push(one_by_raw_calls(&engine, &recipe).await?);
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
