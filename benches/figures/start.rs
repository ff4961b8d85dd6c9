//! How long a master takes from its start until it is ready.

use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};

use crate::Setup;
use crate::process::Master;
use crate::statistics::{median, milliseconds, round, summary};

const RUNS: usize = 20;

pub async fn measure(setup: &Setup) -> Result<Value> {
    let mut times = Vec::new();
    for run in 0..RUNS {
        let start = Instant::now();
        let mut master = Master::spawn(setup, &format!("start-{run}"))?;
        master.until_ready().await?;
        times.push(milliseconds(start.elapsed()));
        master.process.stop().await?;
    }
    Ok(json!({
        "what": "start of podling master with an empty SQLite store to the first 200 of /ready, asked every ms",
        "ms": round(median(&times)), "at_most": 150, "details_ms": summary(&times),
    }))
}
