//! How long a master with many tasks takes after SIGKILL until it is ready again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use podling::core::{Event, Kind, NodeId, Spec, Status, Task, Timestamp};
use podling::store::{Batch, Location, open};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::Setup;
use crate::api::Api;
use crate::process::{Master, is_ready};
use crate::statistics::{median, milliseconds, round, summary};

const TASKS: u64 = 100_000;
const NAME: &str = "restart";
const RUNS: usize = 5;

pub async fn measure(setup: &Setup) -> Result<Value> {
    fill(setup).await?;
    let mut times = Vec::new();
    let mut running = Master::start(setup, NAME).await?;
    for run in 0..RUNS {
        // So that there is a log to be read, too, as after a crash in real life.
        let mut api = Api::open(&running.address).await?;
        for n in 0..100 {
            let body = json!({ "name": format!("r{run}-{n}"), "image": "busybox" });
            api.submit(&body.to_string()).await?;
        }
        running.process.kill().await?;
        let start = Instant::now();
        running = Master::spawn(setup, NAME)?;
        while !is_ready(&running.address).await {
            running.process.check()?;
            sleep(Duration::from_millis(1)).await;
        }
        times.push(milliseconds(start.elapsed()));
    }
    let known = Api::open(&running.address).await?.list("?limit=1").await?;
    ensure!(known.len() == 1, "nothing was loaded");
    running.process.kill().await?;
    let bytes = std::fs::metadata(setup.folder.join(NAME).join("podling.db"))?.len();
    Ok(json!({
        "what": "master killed with SIGKILL, started again on its SQLite store with 100,000 tasks (most have ended, with the five events of their life each), to the first 200 of /ready, asked every ms; the file is in the system's cache",
        "ms": round(median(&times)), "at_most": 1500, "details_ms": summary(&times),
        "tasks": TASKS, "database_bytes": bytes,
    }))
}

/// Makes the database without a master: a hundred thousand submissions would take longer.
async fn fill(setup: &Setup) -> Result<()> {
    let store = open(&Location::Sqlite {
        data_dir: setup.folder.join(NAME),
    })
    .await?;
    for first in (1..=TASKS).step_by(10_000) {
        let tasks = (first..first + 10_000).map(|n| Arc::new(ended(n)));
        let batch = Batch {
            put_tasks: tasks.collect(),
            last_event: TASKS * 10,
            ..Batch::default()
        };
        store.commit(&batch).await?;
    }
    Ok(())
}

/// A task as it is at the end of its life.
fn ended(number: u64) -> Task {
    let id = podling::core::TaskId::from(format!("20251123000000-{number:08}"));
    let node = NodeId::from(format!("worker-{}", number % 10));
    let at = Timestamp(1_763_856_000_000 + number.cast_signed());
    let event = |nth: u64, kind, message: &str| Event {
        sequence: number * 10 + nth,
        at,
        kind,
        task: Some(id.clone()),
        node: Some(node.clone()),
        attempt: 1,
        message: message.into(),
    };
    let history = [
        event(0, Kind::TaskSubmitted, "submitted"),
        event(
            1,
            Kind::TaskScheduled,
            "placed on worker-1: the least loaded of 10 nodes",
        ),
        event(2, Kind::TaskProgress, "image is there"),
        event(3, Kind::TaskRunning, "running"),
        event(4, Kind::TaskCompleted, "completed with exit code 0"),
    ];
    Task {
        sequence: number,
        spec: Arc::new(Spec {
            name: format!("job-{number}"),
            image: "registry.example.org/team/job:1.2.3".into(),
            args: vec!["--input".into(), format!("/data/{number}")],
            env: [("LEVEL".into(), "info".into())].into_iter().collect(),
            labels: [("team".into(), "data".into())].into_iter().collect(),
            ..Spec::default()
        }),
        idempotency: Some(Box::new(podling::core::Idempotency {
            key: format!("key-{number}"),
            fingerprint: number,
        })),
        desired: podling::core::Desired::Run,
        status: Status::Completed,
        attempt: 1,
        placement: number,
        node: Some(node.clone()),
        container_id: Some("0123456789abcdef".repeat(4)),
        exit_code: Some(0),
        error: None,
        reason: "exit code 0".into(),
        restart_count: 0,
        health: None,
        created_at: at,
        scheduled_at: Some(at),
        started_at: Some(at),
        // Not so long ago that they are forgotten meanwhile.
        finished_at: Some(Timestamp(i64::MAX / 2)),
        history: history.iter().collect(),
        id,
    }
}
