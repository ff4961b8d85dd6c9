//! One container or many, by podling and by raw calls of the Docker API.

use std::time::Instant;

use anyhow::{Context, Result};
use bollard::models::ContainerCreateBody;
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::api::{Api, Events};
use super::engine::Engine;
use super::process::Master;
use super::setup::Setup;
use super::statistics::milliseconds;

/// The label of containers made without podling; its value is the run's name.
pub const LABEL: &str = "podling.measured";

/// Runs one task to see what podling makes of it.
pub async fn recipe(setup: &Setup, api: &mut Api, engine: &Engine) -> Result<ContainerCreateBody> {
    let id = api.submit(&Api::sleeper(&setup.task_image)).await?;
    let task = api.until_status(&id, &["running"]).await?;
    let container = task["containerId"]
        .as_str()
        .context("a running task without a container")?;
    let mut recipe = engine.recipe(container).await?;
    // A worker that finds a container with its labels would take it for one of its own.
    recipe.labels = Some([(LABEL.to_owned(), setup.name.clone())].into());
    api.remove(&id).await?;
    engine.until_gone(&setup.name).await?;
    Ok(recipe)
}

/// Milliseconds from the request to the event that says it runs.
pub async fn one_by_podling(
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

/// Milliseconds of two calls: create and start.
pub async fn one_by_raw_calls(engine: &Engine, recipe: &ContainerCreateBody) -> Result<f64> {
    let start = Instant::now();
    let container = engine.run(recipe).await?;
    let took = milliseconds(start.elapsed());
    engine.remove(&container).await?;
    Ok(took)
}

/// So many by raw calls, some of them at a time: containers a second.
pub async fn many_by_raw_calls(
    engine: &Engine,
    recipe: &ContainerCreateBody,
    count: usize,
    in_flight: usize,
) -> Result<f64> {
    let start = Instant::now();
    let containers: Vec<String> = stream::iter((0..count).map(|_| engine.run(recipe)))
        .buffer_unordered(in_flight)
        .try_collect()
        .await?;
    let took = start.elapsed();
    // One after another: Docker 20.10 can dead-lock over many forced removals at once.
    for container in containers {
        engine.remove(&container).await?;
    }
    Ok(count as f64 / took.as_secs_f64())
}

/// So many submitted at once to one worker: containers a second, to the last event that says it runs.
pub async fn many_by_podling(
    setup: &Setup,
    master: &Master,
    api: &mut Api,
    engine: &Engine,
    count: usize,
) -> Result<f64> {
    let mut events = Events::open_from_now(&master.address).await?;
    let mut connections = try_join_all((0..count).map(|_| Api::open(&master.address))).await?;
    let body = Api::sleeper(&setup.task_image);
    let start = Instant::now();
    let ids = try_join_all(connections.iter_mut().map(|api| api.submit(&body))).await?;
    events.until_running(&ids).await?;
    let took = start.elapsed();
    for id in ids {
        api.remove(&id).await?;
    }
    engine.until_gone(&setup.name).await?;
    Ok(count as f64 / took.as_secs_f64())
}
