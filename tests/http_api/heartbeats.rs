//! What a heartbeat says, and what it is answered.

use serde_json::json;

use crate::bench::{Bench, id};

#[test]
fn a_heartbeat_is_told_what_to_run_and_what_to_stop() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let task = bench.submit("a");
    let stray = json!({"taskId": "20200101000000-aaaaaaaa", "attempt": 3, "status": "running"});
    let beat = bench
        .post("/api/v1/nodes/n1/heartbeat", json!({"tasks": [stray]}))
        .json();
    assert_eq!(beat["nodeId"], "n1");
    assert_eq!(beat["run"].as_array().unwrap().len(), 1);
    assert_eq!(id(&beat["run"][0]), id(&task));
    let stop = &beat["stop"][0];
    assert_eq!(
        (&stop["taskId"], &stop["attempt"]),
        (&stray["taskId"], &stray["attempt"])
    );
    assert_eq!(stop["remove"], true);
}

#[test]
fn a_heartbeat_that_prefers_little_is_answered_without_the_node() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let task = bench.submit("a");
    let path = "/api/v1/nodes/n1/heartbeat";
    let beat = |prefer| {
        let headers = [("Content-Type", "application/json"), ("Prefer", prefer)];
        bench.send("POST", path, &headers, Some(r#"{"tasks": []}"#))
    };
    let short = beat("return=minimal");
    assert_eq!(short.status, 200, "{}", short.text);
    let short = short.json();
    let names: Vec<_> = short.as_object().unwrap().keys().collect();
    assert_eq!(names, ["clusterId", "nodeTimeoutMs", "run", "stop"]);
    assert_eq!(id(&short["run"][0]), id(&task));
    let mut long = beat("return=representation").json();
    assert_eq!(long["nodeId"], "n1");
    long.as_object_mut()
        .unwrap()
        .retain(|name, _| names.contains(&name));
    assert_eq!(long, short);
}

#[test]
fn a_heartbeat_reports_what_became_of_tasks() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let task = bench.submit("a");
    let said = json!({"taskId": id(&task), "attempt": 1, "status": "running", "containerId": "c"});
    let beat = bench
        .post("/api/v1/nodes/n1/heartbeat", json!({"tasks": [said]}))
        .json();
    assert_eq!((&beat["run"], &beat["stop"]), (&json!([]), &json!([])));
    assert_eq!(bench.task(&task)["status"], "running");
    let wrong = json!({"tasks": [{"taskId": id(&task), "status": "lost"}]});
    let answer = bench.post("/api/v1/nodes/n1/heartbeat", wrong);
    answer.is_error(400, "invalid", "tasks[0].status");
}
