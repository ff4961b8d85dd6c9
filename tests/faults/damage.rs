//! The database under a master is damaged or lost; see also `tests/store_contract/damage.rs`.

use std::os::unix::fs::FileExt;

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::docker::IMAGE;
use crate::support::http::send;
use crate::support::records::task;

/// More than SQLite keeps of it in memory.
const MANY: u64 = 6000;

/// A database with many tasks, made without a master.
fn fill(cluster: &Cluster) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let location = podling::store::Location::Sqlite {
            data_dir: cluster.data_dir(),
        };
        let store = podling::store::open(&location).await.unwrap();
        let batch = podling::store::Batch {
            put_tasks: (1..=MANY).map(|n| std::sync::Arc::new(task(n))).collect(),
            last_event: MANY,
            ..Default::default()
        };
        store.commit(&batch).await.unwrap();
    });
}

#[test]
fn a_page_damaged_under_a_running_master_stops_writes_not_reads_and_is_named_at_the_next_start() {
    let mut cluster = Cluster::prepare(&[
        ("PODLING_MASTER_STORE", "sqlite"),
        ("PODLING_MASTER_STORE_GIVE_UP_AFTER", "4s"),
        ("PODLING_MASTER_COMMIT_TIMEOUT", "300ms"),
    ]);
    fill(&cluster);
    let database = cluster.data_dir().join("podling.db");
    let good = std::fs::read(&database).unwrap();
    cluster.start_master();
    let url = cluster.url();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(&database)
        .unwrap();
    for page in 8..good.len() as u64 / 4096 {
        file.write_all_at(&[0x5a; 4096], page * 4096).unwrap();
    }
    // One of them lies on a page that SQLite has to read again. Others may only take too long.
    let some = (1..=MANY).step_by(50).chain((2..=MANY).step_by(50));
    let mut answers = some.map(|n| {
        let path = format!("/api/v1/tasks/{}/stop", task(n).id);
        send(&url, "POST", &path, None, &json!({})).expect("an answer")
    });
    let refused = answers.find(|answer| answer.body["code"] == "store_unavailable");
    assert_eq!(refused.expect("a refusal").status, 503);

    let new = json!({"name": "t", "image": IMAGE});
    let refused = send(&url, "POST", "/api/v1/tasks", None, &new).unwrap();
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(
        refused.body["error"].to_string().contains("damaged"),
        "{refused:?}"
    );
    let ready = send(&url, "GET", "/ready", None, &Value::Null).unwrap();
    assert!(
        ready.body["missing"].to_string().contains("damaged"),
        "{ready:?}"
    );
    let read = send(&url, "GET", "/api/v1/tasks?limit=10", None, &Value::Null).unwrap();
    assert_eq!(
        (read.status, read.body.as_array().unwrap().len()),
        (200, 10)
    );

    assert_eq!(cluster.master_ends(), Some(1));
    assert!(
        cluster
            .all_logs()
            .contains("error: store: the store has failed for 4 s")
    );
    let said = cluster.master_does_not_start();
    for part in [
        database.canonicalize().unwrap().to_str().unwrap(),
        "damaged",
        "restore a backup",
    ] {
        assert!(said.contains(part), "{part:?} is missing: {said}");
    }
    // A backup, as it says.
    std::fs::write(&database, good).unwrap();
    for beside in ["podling.db-wal", "podling.db-shm"] {
        // Not there when the database was closed in order.
        let _ = std::fs::remove_file(cluster.data_dir().join(beside));
    }
    cluster.start_master();
    assert_eq!(cluster.tasks().len() as u64, MANY);
}

#[test]
fn a_database_that_is_lost_is_named_at_start_and_no_empty_cluster_begins() {
    let mut cluster = Cluster::start();
    cluster.run(&["t", "--image", IMAGE]);
    assert_eq!(cluster.terminate_master(), Some(0));
    let database = cluster.data_dir().join("podling.db");
    let good = std::fs::read(&database).unwrap();
    std::fs::write(&database, "").unwrap();
    let said = cluster.master_does_not_start();
    assert!(
        said.contains("podling.db: the database is damaged (it is empty"),
        "{said}"
    );
    std::fs::write(&database, good).unwrap();
    cluster.start_master();
    assert_eq!(cluster.tasks().len(), 1);
}
