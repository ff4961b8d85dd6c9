//! What workers are told, and what becomes of tasks when they do not listen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use podling::core::Policy;
use podling::store::Memory;
use serde_json::{Value, json};

use crate::bench::{Bench, id, options, until};
use crate::worker::{Reply, Worker};

#[test]
fn a_placed_task_is_sent_to_its_worker_with_its_attempt() {
    let bench = Bench::start();
    let worker = Worker::start();
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    let call = worker.until_called("POST", &format!("{}/execute", id(&task)));
    assert_eq!(call.body["task"]["taskId"], task["taskId"]);
    assert_eq!(call.body["task"]["attempt"], 1);
    assert_eq!(call.body["task"]["image"], "busybox");
    assert_eq!(call.body["task"]["clusterId"].as_str().unwrap().len(), 16);
}

#[test]
fn what_queued_while_a_request_was_in_flight_goes_together() {
    let bench = Bench::start();
    let gate = Arc::new(AtomicU32::new(0));
    let closed = gate.clone();
    let worker = Worker::scripted(move |call| {
        while call.path.ends_with("/execute") && closed.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        None
    });
    worker.register(&bench, "n1");
    let first = bench.submit("first");
    worker.until_called("POST", &format!("{}/execute", id(&first)));
    for n in 0..10 {
        bench.submit(&format!("t{n}"));
    }
    gate.store(1, Ordering::SeqCst);
    let batch = worker.until_called("POST", "/tasks/execute");
    assert_eq!(batch.body["tasks"].as_array().unwrap().len(), 10);
    assert_eq!(worker.calls().len(), 2);
}

#[test]
fn a_worker_of_the_go_project_gets_its_tasks_one_by_one() {
    let bench = Bench::start();
    let tasks: Vec<Value> = (0..3).map(|n| bench.submit(&format!("t{n}"))).collect();
    let worker = Worker::start();
    let body = json!({"hostname": "127.0.0.1", "port": worker.port, "capacity": 5});
    bench.post("/api/v1/nodes/register", body);
    for task in &tasks {
        worker.until_called("POST", &format!("{}/execute", id(task)));
    }
    assert!(
        worker
            .calls()
            .iter()
            .all(|call| call.body["task"].is_object())
    );
}

#[test]
fn a_worker_that_fails_is_asked_again_until_it_accepts() {
    let bench = Bench::start();
    let tries = Arc::new(AtomicU32::new(0));
    let counted = tries.clone();
    let worker = Worker::scripted(move |call| {
        let fails = call.path.ends_with("/execute") && counted.fetch_add(1, Ordering::SeqCst) < 2;
        fails.then(|| Reply(500, r#"{"error":"not now","code":"busy"}"#.into()))
    });
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    until("the third try", || {
        (tries.load(Ordering::SeqCst) == 3).then_some(())
    });
    assert_eq!(bench.task(&task)["status"], "scheduled");
    until("the order to be settled", || {
        let metrics = bench.get("/metrics").text;
        metrics
            .contains("podling_dispatched_total 1\n")
            .then_some(())
    });
    assert_eq!(tries.load(Ordering::SeqCst), 3);
}

#[test]
fn a_task_its_worker_calls_impossible_fails_and_says_why() {
    let bench = Bench::start();
    let worker = Worker::scripted(|call| {
        let refused = call.path.ends_with("/execute");
        refused.then(|| Reply(400, r#"{"error":"no such thing","code":"invalid"}"#.into()))
    });
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    let task = bench.until_status(&task, "failed");
    assert!(
        task["error"].as_str().unwrap().contains("no such thing"),
        "{task}"
    );
}

#[test]
fn a_stop_is_passed_on_with_its_grace_period() {
    let bench = Bench::start();
    let worker = Worker::start();
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    worker.until_called("POST", "/execute");
    bench.report(&task, "running");
    let path = format!("/api/v1/tasks/{}/stop", id(&task));
    let answer = bench.post(&path, json!({"gracePeriodSeconds": 3}));
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (202, &json!("running"))
    );
    let stop = worker.until_called("POST", "/stop");
    assert_eq!(stop.body, json!({"attempt": 1, "gracePeriodSeconds": 3}));
}

#[test]
fn a_master_that_restarts_sends_what_stands_again() {
    let store = Arc::new(Memory::new());
    let again = Arc::new(store.reopen());
    let store = Arc::new(again.reopen());
    let bench = Bench::start_on(store.clone(), options());
    let worker = Worker::start();
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    worker.until_called("POST", "/execute");
    let before = worker.calls().len();
    drop(bench);
    let bench = Bench::start_on(Arc::new(store.reopen()), options());
    until("the task to be sent again", || {
        (worker.calls().len() > before).then_some(())
    });
    assert_eq!(bench.task(&task), task);
}

#[test]
fn a_worker_that_neither_beats_nor_answers_is_offline_and_its_task_goes_elsewhere() {
    let options = podling::master::Options {
        policy: Policy {
            node_timeout_ms: 1_500,
            probe_after_ms: 300,
            ..Policy::default()
        },
        ..options()
    };
    let bench = Bench::start_on(Arc::new(Memory::new()), options);
    let worker = Worker::start();
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    worker.until_called("POST", "/execute");
    drop(worker);
    let task = bench.until_status(&task, "pending");
    assert_eq!(bench.get("/api/v1/nodes/n1").json()["status"], "offline");
    let other = Worker::start();
    other.register(&bench, "n2");
    let sent = other.until_called("POST", &format!("{}/execute", id(&task)));
    assert_eq!(sent.body["task"]["attempt"], 2);
}

#[test]
fn a_worker_that_only_answers_probes_keeps_its_tasks() {
    let options = podling::master::Options {
        policy: Policy {
            node_timeout_ms: 1_500,
            probe_after_ms: 300,
            ..Policy::default()
        },
        ..options()
    };
    let bench = Bench::start_on(Arc::new(Memory::new()), options);
    let worker = Worker::start();
    // A Go worker: it beats every 30 s, which is longer than this test takes.
    let body = json!({"hostname": "127.0.0.1", "port": worker.port, "capacity": 5});
    bench.post("/api/v1/nodes/register", body);
    let silent = Worker::start();
    silent.register(&bench, "gone");
    drop(silent);
    // The other one is offline now, so a whole timeout has passed.
    until("the other node to be offline", || {
        (bench.get("/api/v1/nodes/gone").json()["status"] == "offline").then_some(())
    });
    let nodes = bench.get("/api/v1/nodes").json();
    let alive = nodes
        .as_array()
        .unwrap()
        .iter()
        .find(|n| n["nodeId"] != "gone");
    assert_eq!(alive.unwrap()["status"], "online");
}

/// A worker that says it shuts down.
fn closing() -> Worker {
    Worker::scripted(|call| {
        let one = r#"{"error":"this worker is shutting down","code":"shutting_down"}"#;
        match call.path.as_str() {
            "/api/v1/tasks/execute" => {
                let refused = |task: &Value| {
                    json!({"taskId": task["taskId"], "accepted": false, "error": "shutting down",
                           "code": "shutting_down"})
                };
                let tasks = call.body["tasks"].as_array().unwrap();
                let verdicts: Vec<Value> = tasks.iter().map(refused).collect();
                Some(Reply(200, Value::from(verdicts).to_string()))
            }
            path if path.ends_with("/execute") => Some(Reply(503, one.into())),
            _ => None,
        }
    })
}

#[test]
fn what_a_worker_that_shuts_down_did_not_take_goes_elsewhere_at_once() {
    let bench = Bench::start();
    // Submitted first, so that they go together in one request.
    let once = json!({"name": "once", "image": "busybox", "maxAttempts": 1});
    let once = bench.post("/api/v1/tasks", once).json();
    let other = bench.submit("other");
    let closing = closing();
    closing.register(&bench, "n1");
    let waits = bench.until_status(&once, "pending");
    until("n1 to be known as draining", || {
        let node = bench.get("/api/v1/nodes/n1").json();
        (node["condition"] == "draining").then_some(())
    });
    assert!(waits["attempt"].as_u64().unwrap() <= 1);
    let open = Worker::start();
    open.register(&bench, "n2");
    for task in [&once, &other] {
        let placed = until("it to be on n2", || {
            Some(bench.task(task)).filter(|task| task["nodeId"] == "n2")
        });
        assert_eq!(
            (&placed["attempt"], &placed["status"]),
            (&json!(2), &json!("scheduled"))
        );
    }
    // It was placed once that counts.
    bench.post_nothing("/api/v1/nodes/n2/deregister");
    let failed = bench.until_status(&once, "failed");
    assert!(
        failed["reason"].as_str().unwrap().contains("maxAttempts"),
        "{failed}"
    );
}
