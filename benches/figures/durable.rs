//! How many submissions a second a master on SQLite acknowledges, each of them durable.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::Setup;
use crate::http::Connection;
use crate::process::Master;
use crate::statistics::round;

const CONNECTIONS: usize = 64;
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(10);

pub async fn measure(setup: &Setup) -> Result<Value> {
    let master = Master::start(setup, "durable").await?;
    let body = json!({ "name": "load", "image": setup.task_image, "env": { "K": "value" } });
    let body = body.to_string();
    let start = Instant::now();
    let (from, until) = (start + WARM_UP, start + WARM_UP + MEASURED);
    let (counted, all) = (Cell::new(0_u64), Cell::new(0_u64));
    try_join_all((0..CONNECTIONS).map(async |_| {
        let mut connection = Connection::open(&master.address).await?;
        loop {
            let (status, answer) = connection.send("POST", "/api/v1/tasks", &body).await?;
            ensure!(
                status == 201,
                "{status} {}",
                String::from_utf8_lossy(&answer)
            );
            all.set(all.get() + 1);
            let now = Instant::now();
            if now >= until {
                return Ok(());
            }
            if now >= from {
                counted.set(counted.get() + 1);
            }
        }
    }))
    .await?;
    master.process.stop().await?;
    let per_second = counted.get() as f64 / MEASURED.as_secs_f64();
    Ok(json!({
        "what": "POST /api/v1/tasks answered 201, SQLite with synchronous=FULL on this machine's disk, 64 kept connections for 10 s after 2 s of warm-up; no worker is registered, so each task is stored as pending",
        "per_second": round(per_second), "at_least": 10_000,
        "load_generator": "this program, one thread, HTTP/1.1 over tokio, on the same cores",
        "submitted_in_all": all.get(),
    }))
}
