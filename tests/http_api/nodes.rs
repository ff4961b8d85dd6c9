//! Nodes: registration, drains, forgetting.

use std::sync::Arc;

use podling::core::Policy;
use podling::store::Memory;
use serde_json::{Value, json};

use crate::bench::{Bench, id, options, until};

#[test]
fn a_node_is_known_by_its_id_and_shows_everything_it_said() {
    let bench = Bench::start();
    let body = json!({
        "nodeId": "n1", "hostname": "host", "port": 8081, "capacity": 4, "cpu": 2500,
        "memory": "1Gi", "labels": {"disk": "ssd"}, "version": "0.1.0",
        "engine": {"name": "docker", "version": "20.10", "os": "linux", "arch": "x86_64"},
    });
    assert_eq!(
        bench.post("/api/v1/nodes/register", body.clone()).status,
        201
    );
    assert_eq!(
        bench.post("/api/v1/nodes/register", body.clone()).status,
        200
    );
    let node = bench.get("/api/v1/nodes/n1").json();
    for field in [
        "nodeId", "hostname", "port", "capacity", "labels", "version", "engine",
    ] {
        assert_eq!(node[field], body[field], "{field}");
    }
    assert_eq!(node["condition"], "ready");
    assert_eq!(
        node["resources"]["capacity"],
        json!({"cpu": 2500, "memory": 1 << 30})
    );
    assert_eq!(bench.get("/api/v1/nodes").json(), json!([node]));
}

#[test]
fn what_a_task_requests_is_shown_as_used() {
    let bench = Bench::start();
    let body = json!({"hostname": "127.0.0.1", "port": 1, "cpu": "2", "memory": "1Gi"});
    bench.post("/api/v1/nodes/register", body);
    let requests = json!({"cpu": "500m", "memory": "256Mi"});
    let task = json!({"name": "a", "image": "b", "resources": {"requests": requests}});
    bench.post("/api/v1/tasks", task);
    let node = bench.get("/api/v1/nodes").json()[0].clone();
    assert_eq!(node["runningTasks"], 1);
    assert_eq!(
        node["resources"]["used"],
        json!({"cpu": 500, "memory": 256 << 20})
    );
    assert_eq!(
        node["resources"]["allocatable"],
        json!({"cpu": 1500, "memory": 768 << 20})
    );
}

#[test]
fn a_live_nodes_id_is_not_given_away() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let other = json!({"nodeId": "n1", "hostname": "elsewhere", "port": 2});
    let answer = bench.post("/api/v1/nodes/register", other);
    answer.is_error(409, "node_id_taken", "127.0.0.1:1");
}

#[test]
fn a_registration_is_answered_for_the_node_that_registers_whoever_had_its_address() {
    // As it is stored: an old node that listened where `laptop` listens now, and sorts after it.
    let store = Arc::new(Memory::new());
    let laptop = json!({
        "nodeId": "laptop", "hostname": "127.0.0.1", "port": 1, "version": "0.1.0", "tasks": [],
    });
    let task = {
        let bench = Bench::start_on(store.clone(), options());
        bench.register("worker-1", 1);
        bench.post_nothing("/api/v1/nodes/worker-1/deregister");
        assert_eq!(
            bench.post("/api/v1/nodes/register", laptop.clone()).status,
            201
        );
        bench.submit("a")
    };
    assert_eq!(task["nodeId"], "laptop");
    let bench = Bench::start_on(store, options());
    let mut again = laptop;
    again["tasks"] = json!([{"taskId": id(&task), "attempt": 1, "status": "running"}]);
    let answer = bench.post("/api/v1/nodes/register", again).json();
    assert_eq!(answer["nodeId"], "laptop");
    assert_eq!(answer["stop"], json!([]), "its own tasks are its own");
}

#[test]
fn an_unknown_node_is_404_everywhere() {
    let bench = Bench::start();
    let mut answers = vec![
        bench.get("/api/v1/nodes/n9"),
        bench.delete("/api/v1/nodes/n9"),
    ];
    for action in ["heartbeat", "deregister", "drain", "uncordon"] {
        answers.push(bench.post_nothing(&format!("/api/v1/nodes/n9/{action}")));
    }
    for answer in answers {
        answer.is_error(404, "not_found", "n9");
    }
}

#[test]
fn a_degraded_engine_is_shown_and_gets_nothing_new() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let beat = json!({"condition": "degraded", "reason": "docker does not answer"});
    let node = bench.post("/api/v1/nodes/n1/heartbeat", beat).json();
    assert_eq!(node["condition"], "degraded");
    assert_eq!(node["reason"], "docker does not answer");
    assert_eq!(bench.submit("a")["status"], "pending");
    let node = bench
        .post("/api/v1/nodes/n1/heartbeat", json!({"condition": "ready"}))
        .json();
    assert_eq!(node["condition"], "ready");
}

#[test]
fn a_drained_node_gets_nothing_new_until_it_is_uncordoned() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let drained = bench.post("/api/v1/nodes/n1/drain", json!({"deadlineSeconds": 60}));
    assert_eq!(drained.status, 200);
    assert_eq!(drained.json()["condition"], "draining");
    let task = bench.submit("a");
    assert_eq!(task["status"], "pending");
    assert!(
        task["schedulingError"].as_str().unwrap().contains("drain"),
        "{task}"
    );
    let uncordoned = bench.post_nothing("/api/v1/nodes/n1/uncordon");
    assert_eq!(uncordoned.json()["condition"], "ready");
    bench.until_status(&task, "scheduled");
}

#[test]
fn only_an_offline_node_is_forgotten() {
    let bench = Bench::start();
    bench.register("n1", 1);
    bench
        .delete("/api/v1/nodes/n1")
        .is_error(409, "node_online", "n1");
    bench.post_nothing("/api/v1/nodes/n1/deregister");
    let offline = bench.get("/api/v1/nodes/n1").json();
    assert_eq!(offline["status"], "offline");
    assert!(offline["reason"].is_string(), "{offline}");
    assert_eq!(bench.delete("/api/v1/nodes/n1").status, 200);
    assert_eq!(bench.get("/api/v1/nodes").text, "[]");
}

#[test]
fn nodes_are_listed_in_the_order_they_registered_and_paged() {
    let bench = Bench::start();
    let mut expected = vec![];
    for (port, name) in [(3, "c"), (1, "a"), (2, "b")] {
        // Distinct milliseconds of registration: the order is by time, then by id.
        let before = bench.register(name, port)["registeredAt"].clone();
        expected.push(name);
        until("the next millisecond", || {
            let now = jiff::Timestamp::now().as_millisecond();
            let then: jiff::Timestamp = before.as_str()?.parse().ok()?;
            (now > then.as_millisecond()).then_some(())
        });
    }
    let ids = |list: Value| -> Vec<String> {
        let id = |node: &Value| node["nodeId"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(id).collect()
    };
    assert_eq!(ids(bench.get("/api/v1/nodes").json()), expected);
    let first = bench.get("/api/v1/nodes?limit=2");
    assert_eq!(ids(first.json()), ["c", "a"]);
    let cursor = first.header("Podling-Next-Cursor").unwrap();
    let rest = bench.get(&format!("/api/v1/nodes?limit=2&cursor={cursor}"));
    assert_eq!(ids(rest.json()), ["b"]);
    assert_eq!(rest.header("Podling-Next-Cursor"), None);
    bench
        .get("/api/v1/nodes?cursor=x")
        .is_error(400, "invalid", "cursor");
}

#[test]
fn releasing_a_brake_that_is_not_engaged_changes_nothing() {
    let answer = Bench::start().post_nothing("/api/v1/brake/release");
    assert_eq!(answer.status, 200);
    assert!(
        answer.json()["message"]
            .as_str()
            .unwrap()
            .contains("not engaged")
    );
}

#[test]
fn when_all_nodes_fall_silent_at_once_nothing_is_moved_until_an_operator_says_so() {
    let options = podling::master::Options {
        policy: Policy {
            node_timeout_ms: 1_000,
            probe_after_ms: 300,
            ..Policy::default()
        },
        ..options()
    };
    let bench = Bench::start_on(Arc::new(Memory::new()), options);
    for port in 1..=3 {
        bench.register(&format!("n{port}"), port);
    }
    let task = bench.submit("a");
    let ready = until("the brake", || {
        Some(bench.get("/ready")).filter(|ready| ready.status == 503)
    });
    let missing = ready.json()["missing"][0].as_str().unwrap().to_owned();
    assert!(missing.starts_with("brake: "), "{missing}");
    assert_eq!(bench.task(&task)["status"], "scheduled");
    let text = bench.get("/metrics").text;
    assert!(
        text.contains(r#"podling_nodes{state="offline"} 0"#),
        "{text}"
    );

    let answer = bench.post_nothing("/api/v1/brake/release");
    assert!(
        answer.json()["message"]
            .as_str()
            .unwrap()
            .contains("released")
    );
    assert_eq!(bench.get("/ready").status, 200);
    assert_eq!(bench.task(&task)["status"], "pending");
}

/// `n1` registers again and names these tasks; gives the answer.
fn comes_back(bench: &Bench, tasks: Value) -> Value {
    let register = json!({
        "nodeId": "n1", "hostname": "127.0.0.1", "port": 1, "version": "0.1.0", "tasks": tasks,
    });
    bench.post("/api/v1/nodes/register", register).json()
}

#[test]
fn a_node_that_is_back_gets_nothing_new_before_what_it_should_not_run_has_ended() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let stale = bench.submit("stale");
    bench.post_nothing("/api/v1/nodes/n1/deregister");
    assert_eq!(bench.task(&stale)["status"], "pending");
    let named = |status: &str| json!([{"taskId": id(&stale), "attempt": 1, "status": status}]);
    let back = comes_back(&bench, named("running"));
    assert_eq!(back["stop"][0]["taskId"], stale["taskId"]);
    let next = bench.submit("next");
    let why = &next["schedulingError"];
    let clearing = "no node takes it: 1 node: clearing (1 task of before is still to end there)";
    assert_eq!(
        (&next["status"], why),
        (&json!("pending"), &json!(clearing))
    );
    // Both are placed as soon as it has ended, not by the placer's next round.
    let ended = json!({"tasks": named("stopped")});
    bench.post("/api/v1/nodes/n1/heartbeat", ended);
    bench.until_status(&next, "scheduled");
    bench.until_status(&stale, "scheduled");
}

#[test]
fn a_report_that_the_last_of_it_has_ended_makes_room_at_once() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let stale = bench.submit("stale");
    bench.post_nothing("/api/v1/nodes/n1/deregister");
    let named = json!([{"taskId": id(&stale), "attempt": 1, "status": "running"}]);
    comes_back(&bench, named);
    let path = format!("/api/v1/tasks/{}/status", id(&stale));
    let ended = json!({"status": "stopped", "attempt": 1, "nodeId": "n1"});
    assert_eq!(bench.put(&path, ended).status, 200);
    let again = bench.until_status(&stale, "scheduled");
    assert_eq!(again["attempt"], 2);
}

#[test]
fn a_node_id_that_a_worker_on_another_engine_has_is_refused_at_the_same_address_too() {
    let bench = Bench::start();
    let on = |engine: &str| {
        json!({
            "nodeId": "n1", "hostname": "localhost", "port": 1, "version": "0.1.0", "tasks": [],
            "engine": {"name": "docker", "version": "20", "os": "linux", "arch": "x", "id": engine},
        })
    };
    let register = |engine: &str| bench.post("/api/v1/nodes/register", on(engine));
    assert_eq!(register("one").status, 201);
    register("two").is_error(409, "node_id_taken", "n1");
    assert_eq!(register("one").status, 200, "it may be started again");
    let beat = |engine: &str| {
        bench.post(
            "/api/v1/nodes/n1/heartbeat",
            json!({"tasks": [], "engineId": engine}),
        )
    };
    assert_eq!(beat("one").status, 200);
    beat("two").is_error(404, "not_found", "n1");
}

#[test]
fn a_registration_that_never_ends_is_refused() {
    let bench = Bench::start();
    let register = |labels: Value| {
        let body = json!({"nodeId": "n1", "hostname": "h", "port": 1, "labels": labels});
        bench.post("/api/v1/nodes/register", body)
    };
    register(json!({"a": "x".repeat(9 << 20)})).is_error(413, "body_too_long", "8388608");
    register(json!({"a": "x".repeat(4097)})).is_error(400, "invalid", "labels");
    let many: serde_json::Map<_, _> = (0..65).map(|n| (format!("l{n}"), json!("x"))).collect();
    register(many.into()).is_error(400, "invalid", "labels");
    let body = json!({
        "nodeId": "n1", "hostname": "h", "port": 1, "version": format!("1\n{}", "2".repeat(5000)),
        "engine": {"name": "a\nb", "version": "x".repeat(5000), "os": "", "arch": ""},
    });
    let node = bench.post("/api/v1/nodes/register", body).json();
    assert_eq!(node["engine"]["name"], "a b");
    assert!(node["engine"]["version"].as_str().unwrap().len() < 1100);
    assert!(node["version"].as_str().unwrap().len() < 1100);
}

#[test]
fn an_amount_that_is_not_known_is_left_out() {
    let bench = Bench::start();
    let body = json!({"nodeId": "n1", "hostname": "h", "port": 1, "cpu": "2"});
    let node = bench.post("/api/v1/nodes/register", body).json();
    assert_eq!(node["resources"]["capacity"], json!({"cpu": 2000}));
    assert_eq!(node["resources"]["allocatable"], json!({"cpu": 2000}));
}

#[test]
fn a_cluster_is_known_by_its_store_and_says_so_with_every_order() {
    let store = Arc::new(Memory::new());
    let register = json!({
        "nodeId": "n1", "hostname": "127.0.0.1", "port": 1, "version": "0.1.0", "tasks": [],
    });
    let id_of = |bench: &Bench| {
        let answer = bench
            .post("/api/v1/nodes/register", register.clone())
            .json();
        answer["clusterId"].as_str().unwrap().to_owned()
    };
    let first = id_of(&Bench::start_on(store.clone(), options()));
    let bench = Bench::start_on(store, options());
    assert_eq!(id_of(&bench), first, "the same after a restart");
    assert_ne!(
        id_of(&Bench::start()),
        first,
        "another store is another cluster"
    );
    assert!(
        bench.submit("a")["clusterId"].is_null(),
        "no business of users"
    );
    let beat = bench
        .post("/api/v1/nodes/n1/heartbeat", json!({"tasks": []}))
        .json();
    assert_eq!(beat["run"][0]["clusterId"], first.as_str());
    assert_eq!(beat["clusterId"], first.as_str());
}
