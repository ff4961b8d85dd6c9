//! Many tasks in a store without a master: so many submissions would take longer.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use podling::core::{Event, Kind, NodeId, Spec, Status, Task, Timestamp};
use podling::store::{Batch, Location, open};

const BATCH: u64 = 10_000;

/// Makes a SQLite database with so many tasks that have ended.
///
/// # Errors
/// The store can't be written.
pub async fn sqlite(data_dir: &Path, tasks: u64) -> Result<()> {
    let store = open(&Location::Sqlite {
        data_dir: data_dir.to_owned(),
    })
    .await?;
    for first in (1..=tasks).step_by(BATCH as usize) {
        let records = (first..(first + BATCH).min(tasks + 1)).map(|n| Arc::new(ended(n)));
        let batch = Batch {
            put_tasks: records.collect(),
            last_event: tasks * 10 + 9,
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
            key: format!("key-{number}").into(),
            fingerprint: number,
        })),
        desired: podling::core::Desired::Run,
        status: Status::Completed,
        attempt: 1,
        placement: number,
        node: Some(node.clone()),
        container_id: Some("0123456789abcdef".repeat(4).into()),
        reason: "exit code 0".into(),
        restart_count: 0,
        health: None,
        created_at: at,
        scheduled_at: Some(at),
        started_at: Some(at),
        // Not so long ago that they are forgotten meanwhile.
        ended: Some(Box::new(podling::core::Ended {
            at: Timestamp(i64::MAX / 2),
            exit_code: Some(0),
            error: None,
        })),
        history: history.iter().collect(),
        id,
    }
}
