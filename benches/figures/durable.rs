//! How many submissions a second a master on SQLite acknowledges, each of them durable.

use anyhow::Result;
use serde_json::{Value, json};

use crate::process::Master;
use crate::{Setup, wrk};

const CONNECTIONS: usize = 64;

pub async fn measure(setup: &Setup) -> Result<Value> {
    let master = Master::start(setup, "durable").await?;
    let task = json!({ "name": "load", "image": setup.task_image, "env": { "K": "value" } });
    let body = task.to_string();
    wrk::submit(&master.address, &body, CONNECTIONS, 2).await?;
    let said = wrk::submit(&master.address, &body, CONNECTIONS, 10).await?;
    master.process.stop().await?;
    Ok(json!({
        "what": "POST /api/v1/tasks answered 201, SQLite with synchronous=FULL on this machine's disk, 64 kept connections for 10 s after 2 s of warm-up; no worker is registered, so each task is stored as pending",
        "per_second": wrk::per_second(&said)?, "at_least": 10_000,
        "load_generator": "wrk with one thread, on the same cores",
        "wrk_said": said.lines().map(str::trim).collect::<Vec<_>>(),
    }))
}
