//! Removing tasks: ended ones at once, running ones only with force.

use serde_json::json;

use crate::bench::{Bench, id, until};
use crate::worker::Worker;

#[test]
fn an_ended_task_goes_at_once_and_its_last_form_is_shown() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let task = bench.submit("a");
    bench.report(&task, "failed");
    let answer = bench.delete(&format!("/api/v1/tasks/{}", id(&task)));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["status"], "failed");
    assert_eq!(bench.get("/api/v1/tasks").text, "[]");
}

#[test]
fn a_running_task_is_refused_without_force() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let task = bench.submit("a");
    bench.report(&task, "running");
    let answer = bench.delete(&format!("/api/v1/tasks/{}", id(&task)));
    answer.is_error(409, "not_ended", "force");
}

#[test]
fn with_force_the_worker_is_told_and_the_answer_waits_until_the_task_is_gone() {
    let bench = Bench::start();
    let worker = Worker::start();
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    bench.report(&task, "running");
    let path = format!("/api/v1/tasks/{}", id(&task));
    let answer = std::thread::scope(|scope| {
        let removing = scope.spawn(|| bench.delete(&format!("{path}?force=true")));
        let stop = worker.until_called("POST", "/stop");
        assert_eq!(stop.body["attempt"], 1);
        assert!(!removing.is_finished(), "it waits for the end");
        let body = json!({"status": "failed", "exitCode": 137, "attempt": 1, "nodeId": "n1"});
        bench.put(&format!("{path}/status"), body);
        removing.join().unwrap()
    });
    assert_eq!(answer.status, 200);
    let last = answer.json();
    assert_eq!(last["exitCode"], 137, "its last form: {last}");
    bench.get(&path).is_error(404, "not_found", id(&task));
    worker.until_called("DELETE", id(&task));
}

#[test]
fn a_removal_that_is_still_going_on_at_shutdown_is_answered_202() {
    let bench = Bench::start();
    let worker = Worker::start();
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    bench.report(&task, "running");
    let path = format!("/api/v1/tasks/{}?force=true", id(&task));
    let answer = std::thread::scope(|scope| {
        let removing = scope.spawn(|| bench.delete(&path));
        worker.until_called("POST", "/stop");
        bench.stop();
        removing.join().unwrap()
    });
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()["status"], "running");
}

#[test]
fn a_removed_task_takes_its_container_with_it() {
    let bench = Bench::start();
    let worker = Worker::start();
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    bench.report(&task, "completed");
    bench.post_nothing("/api/v1/prune");
    worker.until_called("DELETE", id(&task));
    let calls = until("the removal to be settled", || {
        Some(worker.calls()).filter(|calls| calls.iter().any(|c| c.method == "DELETE"))
    });
    let deletes = calls.iter().filter(|call| call.method == "DELETE").count();
    assert_eq!(deletes, 1);
}
