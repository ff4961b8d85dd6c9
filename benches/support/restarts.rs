//! A master that is killed and started again on its store.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::api::Api;
use super::process::Master;
use super::setup::Setup;

/// Kills a master with SIGKILL and starts it again, so many times; the last one, and how long each took from its
/// start to the first 200 of `/ready`, asked every millisecond.
///
/// # Errors
/// It does not become ready.
pub async fn restarts(setup: &Setup, name: &str, times: usize) -> Result<(Master, Vec<Duration>)> {
    let mut took = Vec::new();
    let mut running = Master::start(setup, name).await?;
    for time in 0..times {
        // So that there is a log to be read, too, as after a crash in real life.
        let mut api = Api::open(&running.address).await?;
        for n in 0..100 {
            let body = json!({ "name": format!("r{time}-{n}"), "image": "busybox" });
            api.submit(&body.to_string()).await?;
        }
        running.process.kill().await?;
        let start = Instant::now();
        running = Master::spawn(setup, name)?;
        running.until_ready().await?;
        took.push(start.elapsed());
    }
    Ok((running, took))
}
