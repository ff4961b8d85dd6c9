//! How many tasks a second a store makes durable: `cargo bench --bench store`.
//!
//! SQLite in the folder that `TMPDIR` names; PostgreSQL too, when `DATABASE_URL` says where.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures and prints"
)]

#[path = "../tests/support/records.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod records;

use std::sync::Arc;
use std::time::{Duration, Instant};

use podling::core::{Event, Kind, NodeId, Spec, Status, Task, Timestamp};
use podling::store::{Batch, Location, Store, open};

const TIME: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Location::Sqlite {
        data_dir: folder.path().to_owned(),
    };
    let postgres = std::env::var("DATABASE_URL").map(|url| Location::Postgres { url });
    for location in [Some(sqlite), postgres.ok()].into_iter().flatten() {
        let store = open(&location).await.unwrap();
        println!("{}", store.describe());
        let mut first = 1;
        for size in [1, 10, 100, 1000] {
            first = measure(&*store, first, size).await;
        }
        let start = Instant::now();
        let tasks = store.load().await.unwrap().tasks.len();
        println!("  load: {tasks} tasks in {:?}", start.elapsed());
    }
}

/// Commits new tasks in batches of `size` for a while.
async fn measure(store: &dyn Store, first: u64, size: u64) -> u64 {
    let mut longest = Duration::ZERO;
    let mut next = first;
    let mut spent = Duration::ZERO;
    while spent < TIME {
        let batch = Batch {
            put_tasks: (next..next + size)
                .map(|sequence| Arc::new(submitted(sequence)))
                .collect(),
            last_event: next + size,
            ..Batch::default()
        };
        next += size;
        let start = Instant::now();
        store.commit(&batch).await.unwrap();
        longest = longest.max(start.elapsed());
        spent += start.elapsed();
    }
    let count = next - first;
    let rate = count as f64 / spent.as_secs_f64();
    let each = spent / u32::try_from(count / size).unwrap();
    println!("  batches of {size:4}: {rate:7.0} tasks/s, commit {each:?}, longest {longest:?}");
    next
}

/// What a submission that is placed at once writes.
fn submitted(sequence: u64) -> Task {
    let task = records::task(sequence);
    let event = |kind, message: &str| Event {
        sequence,
        at: Timestamp(1_763_856_000_000),
        kind,
        task: Some(task.id.clone()),
        node: None,
        attempt: 1,
        message: message.into(),
    };
    Task {
        spec: Arc::new(Spec {
            name: "nginx-task".into(),
            image: "nginx:latest".into(),
            env: [("PORT".into(), "8080".into())].into_iter().collect(),
            ..Spec::default()
        }),
        status: Status::Scheduled,
        attempt: 1,
        placement: sequence,
        node: Some(NodeId::from("worker-1")),
        scheduled_at: Some(Timestamp(1_763_856_000_000)),
        history: [
            event(Kind::TaskSubmitted, "submitted"),
            event(Kind::TaskScheduled, "placed on worker-1"),
        ]
        .iter()
        .collect(),
        ..task
    }
}
