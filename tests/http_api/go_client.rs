//! What clients and workers of the Go project send, and what they read of the answers.

use serde_json::{Value, json};

use crate::bench::{Bench, id};

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

#[test]
fn create_task_answers_201_with_the_whole_task() {
    let bench = Bench::start();
    let body = json!({"name": "my-nginx-task", "image": "nginx:latest", "env": {"PORT": "8080"}});
    let answer = bench.post("/api/v1/tasks", body);
    assert_eq!(answer.status, 201);
    let task = answer.json();
    assert_eq!(task["name"], "my-nginx-task");
    assert_eq!(task["image"], "nginx:latest");
    assert_eq!(task["env"], json!({"PORT": "8080"}));
    assert_eq!(task["status"], "pending");
    assert!(
        task["schedulingError"].as_str().unwrap().contains("node"),
        "{task}"
    );
    assert_eq!(
        task["resources"],
        json!({"requests": {"cpu": 0, "memory": 0}, "limits": {}})
    );
    assert!(task["createdAt"].as_str().unwrap().ends_with('Z'), "{task}");
    assert_eq!(
        keys(&task),
        [
            "attempt",
            "createdAt",
            "env",
            "image",
            "name",
            "pullPolicy",
            "reason",
            "resources",
            "restartCount",
            "restartPolicy",
            "schedulingError",
            "status",
            "taskId",
        ],
        "what is absent is left out, not null"
    );
}

#[test]
fn ids_are_utc_seconds_and_eight_letters_or_digits() {
    let task = Bench::start().submit("a");
    let (time, letters) = id(&task).split_once('-').unwrap();
    assert!(
        time.len() == 14 && time.bytes().all(|b| b.is_ascii_digit()),
        "{task}"
    );
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    assert!(letters.len() == 8 && letters.bytes().all(allowed), "{task}");
    let created = task["createdAt"].as_str().unwrap();
    let created: String = created
        .chars()
        .filter(char::is_ascii_digit)
        .take(14)
        .collect();
    assert_eq!(time, created);
}

#[test]
fn empty_lists_are_arrays() {
    let bench = Bench::start();
    assert_eq!(bench.get("/api/v1/tasks").text, "[]");
    assert_eq!(bench.get("/api/v1/nodes").text, "[]");
}

#[test]
fn null_for_what_is_not_set_is_accepted() {
    let body = json!({"name": "a", "image": "b", "env": null, "command": null, "ports": null});
    assert_eq!(Bench::start().post("/api/v1/tasks", body).status, 201);
}

#[test]
fn register_with_slots_only_makes_a_node() {
    let bench = Bench::start();
    let body = json!({"hostname": "worker-1", "port": 8081, "capacity": 10});
    let answer = bench.post("/api/v1/nodes/register", body);
    assert_eq!(answer.status, 201);
    let node = answer.json();
    assert_eq!(node["hostname"], "worker-1");
    assert_eq!(node["port"], 8081);
    assert_eq!(node["capacity"], 10);
    assert_eq!(node["status"], "online");
    assert_eq!(node["runningTasks"], 0);
    assert!(node["lastHeartbeat"].as_str().unwrap().ends_with('Z'));
    assert_eq!(node["nodeId"].as_str().unwrap().len(), 14 + 1 + 8);
}

#[test]
fn register_with_cpu_and_memory_as_texts_is_understood() {
    let bench = Bench::start();
    let body = json!({"hostname": "w", "port": 8081, "cpu": "2", "memory": "2Gi", "capacity": 0});
    let node = bench.post("/api/v1/nodes/register", body).json();
    let amounts = json!({"cpu": 2000, "memory": 2_u64 << 30});
    assert_eq!(node["resources"]["capacity"], amounts);
    assert_eq!(node["resources"]["allocatable"], amounts);
    assert_eq!(
        node.get("capacity"),
        None,
        "0 slots is what Go says for nothing"
    );
}

#[test]
fn a_worker_that_restarts_is_the_same_node() {
    let bench = Bench::start();
    let body = json!({"hostname": "worker-1", "port": 8081, "capacity": 10});
    let first = bench.post("/api/v1/nodes/register", body.clone()).json();
    let again = bench.post("/api/v1/nodes/register", body);
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["nodeId"], first["nodeId"]);
    assert_eq!(
        bench.get("/api/v1/nodes").json().as_array().unwrap().len(),
        1
    );
}

#[test]
fn a_heartbeat_without_a_body_is_answered_with_the_node() {
    let bench = Bench::start();
    let body = json!({"hostname": "worker-1", "port": 8081, "capacity": 10});
    let node = bench.post("/api/v1/nodes/register", body).json();
    let path = format!(
        "/api/v1/nodes/{}/heartbeat",
        node["nodeId"].as_str().unwrap()
    );
    let answer = bench.post_nothing(&path);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["nodeId"], node["nodeId"]);
    assert_eq!(answer.json()["run"], json!([]));
    assert_eq!(answer.json()["stop"], json!([]));
}

#[test]
fn a_task_goes_to_its_node_and_is_reported_without_attempt_or_node() {
    let bench = Bench::start();
    let body = json!({"hostname": "127.0.0.1", "port": 1, "capacity": 1});
    let node = bench.post("/api/v1/nodes/register", body).json();
    let task = bench.submit("a");
    assert_eq!(task["status"], "scheduled");
    assert_eq!(task["nodeId"], node["nodeId"]);
    let path = format!("/api/v1/tasks/{}/status", id(&task));
    let running = bench.put(&path, json!({"status": "running", "containerId": "abc123"}));
    assert_eq!(running.status, 200);
    assert_eq!(running.json()["status"], "running");
    let done = bench.put(
        &path,
        json!({"status": "completed", "containerId": "", "error": ""}),
    );
    let done = done.json();
    assert_eq!(done["status"], "completed");
    assert_eq!(
        done["containerId"], "abc123",
        "what is known is never wiped"
    );
    assert_eq!(done.get("error"), None);
    assert!(done["finishedAt"].is_string());
    let nodes = bench.get("/api/v1/nodes").json();
    assert_eq!(nodes[0]["runningTasks"], 0);
}

#[test]
fn slots_are_enforced_and_the_second_task_says_why_it_waits() {
    let bench = Bench::start();
    let body = json!({"hostname": "127.0.0.1", "port": 1, "capacity": 1});
    bench.post("/api/v1/nodes/register", body);
    let first = bench.submit("a");
    let second = bench.submit("b");
    assert_eq!(second["status"], "pending");
    assert!(
        second["schedulingError"].as_str().unwrap().contains("slot"),
        "{second}"
    );
    bench.report(&first, "running");
    bench.report(&first, "completed");
    bench.until_status(&second, "scheduled");
}

#[test]
fn prune_counts_what_it_removed_in_gos_form() {
    let bench = Bench::start();
    let node = bench.register("n1", 1);
    let task = bench.submit("a");
    bench.report(&task, "failed");
    let path = format!(
        "/api/v1/nodes/{}/deregister",
        node["nodeId"].as_str().unwrap()
    );
    let answer = bench.post_nothing(&path);
    assert_eq!(answer.status, 200);
    assert!(answer.json()["message"].is_string());
    let pruned = bench.post_nothing("/api/v1/prune").json();
    let expected = json!({
        "podsRemoved": 0, "nodesRemoved": 1, "servicesRemoved": 0, "tasksRemoved": 1,
    });
    assert_eq!(pruned, expected);
    assert_eq!(bench.get("/api/v1/tasks").text, "[]");
}
