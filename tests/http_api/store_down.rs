//! A store that fails: nobody is told what is not so, and `/ready` says what is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use podling::master::Options;
use podling::store::{Batch, Error, Memory, Snapshot, Store};
use serde_json::json;

use crate::bench::{Bench, options, until};

const WORKS: u8 = 0;
const FAILS: u8 = 1;
const FENCED: u8 = 2;

/// A store in memory that can be broken.
struct Breakable {
    inner: Memory,
    state: AtomicU8,
}

impl Store for Breakable {
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        self.inner.load()
    }

    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Error>> {
        match self.state.load(Ordering::SeqCst) {
            FAILS => async { Err(Error::Unavailable("disk full".into())) }.boxed(),
            FENCED => async { Err(Error::Fenced { found: 2, ours: 1 }) }.boxed(),
            _ => self.inner.commit(batch),
        }
    }

    fn describe(&self) -> String {
        "breakable".into()
    }
}

fn start() -> (Bench, Arc<Breakable>) {
    let store = Arc::new(Breakable {
        inner: Memory::new(),
        state: AtomicU8::new(WORKS),
    });
    let options = Options {
        commit_timeout: Duration::from_millis(300),
        ..options()
    };
    (Bench::start_on(store.clone(), options), store)
}

#[test]
fn a_store_that_is_down_is_503_and_ready_says_so_until_it_works_again() {
    let (bench, store) = start();
    let known = bench.submit("before");
    store.state.store(FAILS, Ordering::SeqCst);
    let answer = bench.post("/api/v1/tasks", json!({"name": "a", "image": "b"}));
    answer.is_error(503, "outcome_unknown", "Idempotency-Key");
    assert!(answer.header("retry-after").is_some());

    let ready = bench.get("/ready");
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["missing"], json!(["store: disk full"]));
    assert!(ready.header("retry-after").is_some());

    assert_eq!(bench.get("/health").status, 200);
    assert_eq!(bench.task(&known), known, "what is known can be read");
    // Now that it is known to fail nothing more is decided; also what would be 404 or 409 is
    // refused, which may rest on what is not durable.
    for answer in [
        bench.post("/api/v1/tasks", json!({"name": "c", "image": "b"})),
        bench.delete("/api/v1/tasks/nobody"),
    ] {
        answer.is_error(503, "store_unavailable", "disk full");
        assert!(answer.header("retry-after").is_some());
    }

    store.state.store(WORKS, Ordering::SeqCst);
    until("the store to be found working", || {
        (bench.get("/ready").status == 200).then_some(())
    });
    let tasks = bench.get("/api/v1/tasks").json();
    assert_eq!(
        tasks.as_array().unwrap().len(),
        2,
        "what was decided was stored in the end, and what was refused was not"
    );
}

#[test]
fn a_repeated_submission_whose_outcome_was_unknown_makes_no_second_task() {
    let (bench, store) = start();
    store.state.store(FAILS, Ordering::SeqCst);
    let headers = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "k"),
    ];
    let submit = || {
        let body = r#"{"name":"a","image":"b"}"#;
        bench.send("POST", "/api/v1/tasks", &headers, Some(body))
    };
    assert_eq!(submit().error(), (503, "outcome_unknown".into()));
    store.state.store(WORKS, Ordering::SeqCst);
    until("an answer", || (submit().status == 201).then_some(()));
    let tasks = bench.get("/api/v1/tasks").json();
    assert_eq!(tasks.as_array().unwrap().len(), 1);
}

#[test]
fn a_master_that_lost_its_store_to_another_ends_with_an_error() {
    let (bench, store) = start();
    store.state.store(FENCED, Ordering::SeqCst);
    let answer = bench.post("/api/v1/tasks", json!({"name": "a", "image": "b"}));
    assert_eq!(answer.status, 503);
    let error = bench.ended().unwrap_err().to_string();
    assert!(error.contains("another master"), "{error}");
}

#[test]
fn a_replaced_master_has_nothing_stopped_that_its_successor_placed() {
    let (bench, store) = start();
    bench.register("a", 1);
    store.state.store(FENCED, Ordering::SeqCst);
    let placed = json!({
        "taskId": "20260101000000-abcdefgh", "attempt": 1, "status": "running",
    });
    let answer = bench.post("/api/v1/nodes/a/heartbeat", json!({"tasks": [placed]}));
    assert_eq!(answer.status, 503, "no order to stop it: {}", answer.text);
    let error = bench.ended().unwrap_err().to_string();
    assert!(error.contains("another master"), "{error}");
}
