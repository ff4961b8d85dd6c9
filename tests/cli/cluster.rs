//! Nodes, drains, pruning, events, health.

use serde_json::{Value, json};

use crate::script::{Answer, Script, ago, error};
use crate::{ask, printed, stderr, stdout};

fn node(id: &str, status: &str, condition: &str, more: Value) -> Value {
    let mut node = json!({
        "nodeId": id, "hostname": "localhost", "port": 8081, "status": status,
        "condition": condition, "capacity": 10, "runningTasks": 2,
        "resources": {"used": {"cpu": 500, "memory": 268_435_456}},
        "registeredAt": ago(9000), "lastHeartbeat": ago(80),
    });
    for (key, value) in more.as_object().unwrap() {
        node[key] = value.clone();
    }
    node
}

fn nodes() -> Value {
    json!([
        node(
            "worker-1",
            "online",
            "ready",
            json!({
                "resources": {
                    "capacity": {"cpu": 2000, "memory": 2_147_483_648_u64},
                    "used": {"cpu": 500, "memory": 268_435_456},
                },
                "engine": {"name": "docker", "version": "20.10", "os": "linux", "arch": "x86_64"},
                "version": "0.1.0",
                "labels": {"disk": "ssd", "zone": "a"},
            })
        ),
        node(
            "worker-2",
            "online",
            "degraded",
            json!({"reason": "the engine does not answer"})
        ),
        node(
            "go",
            "offline",
            "ready",
            json!({"reason": "not heard for 15 s"})
        ),
    ])
}

#[test]
fn nodes_are_listed_with_their_condition_and_its_reason() {
    let master = Script::new().ok("GET /api/v1/nodes", &nodes());
    insta::assert_snapshot!(printed(&ask(&master, &["nodes"])), @r"
    ID         HOSTNAME    PORT   STATUS              CAPACITY   TASKS   LAST HEARTBEAT
    worker-1   localhost   8081   online              10         2       1m ago
    worker-2   localhost   8081   online (degraded)   10         2       1m ago
        the engine does not answer
    go         localhost   8081   offline             10         2       1m ago
        not heard for 15 s
    ");
}

#[test]
fn verbose_nodes_show_what_they_have() {
    let master = Script::new().ok("GET /api/v1/nodes", &json!([nodes()[0], nodes()[2]]));
    insta::assert_snapshot!(printed(&ask(&master, &["nodes", "--verbose"])), @r"
    ID         HOSTNAME    PORT   STATUS    CAPACITY   TASKS   LAST HEARTBEAT   CPU         MEMORY         ENGINE                  VERSION   LABELS
    worker-1   localhost   8081   online    10         2       1m ago           500m of 2   256Mi of 2Gi   docker 20.10 (x86_64)   0.1.0     disk=ssd,zone=a
    go         localhost   8081   offline   10         2       1m ago           500m        256Mi          -                       -         -
        not heard for 15 s
    ");
}

#[test]
fn a_node_is_drained_and_used_again_by_the_beginning_of_its_id() {
    let answer = node("go", "online", "draining", json!({}));
    let master = Script::new()
        .ok("GET /api/v1/nodes", &nodes())
        .ok("POST /api/v1/nodes/go/drain", &answer)
        .ok("POST /api/v1/nodes/go/uncordon", &answer);
    let output = ask(&master, &["drain", "g", "--deadline", "5m"]);
    assert_eq!(
        printed(&output),
        "go is draining: it gets nothing new, and what still runs after 300 s is moved\n"
    );
    assert_eq!(master.asked()[1].body, json!({"deadlineSeconds": 300}));
    assert_eq!(
        printed(&ask(&master, &["uncordon", "go"])),
        "go takes tasks again\n"
    );

    let output = ask(&master, &["drain", "worker"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "error: \"worker\" could be 2 nodes: worker-1, worker-2\n"
    );
    let output = ask(&master, &["drain", "go", "--deadline", "soon"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn prune_says_what_went() {
    let pruned = json!({
        "podsRemoved": 0, "nodesRemoved": 1, "servicesRemoved": 0, "tasksRemoved": 3
    });
    let master = Script::new().ok("POST /api/v1/prune", &pruned);
    let output = ask(&master, &["prune"]);
    assert_eq!(
        printed(&output),
        "removed 3 ended tasks and 1 offline node\n"
    );
    let output = ask(&master, &["prune", "-o", "json"]);
    assert_eq!(
        serde_json::from_str::<Value>(printed(&output)).unwrap(),
        pruned
    );
}

#[test]
fn the_brake_is_released() {
    let master = Script::new().ok("POST /api/v1/brake/release", &json!({}));
    assert_eq!(ask(&master, &["release-brake"]).status.code(), Some(0));
    assert_eq!(master.asked_what(), ["POST /api/v1/brake/release"]);
}

#[test]
fn events_are_lines_or_objects() {
    let event = |n| {
        json!({
            "sequence": n, "at": "2026-01-02T03:04:05.678Z", "kind": "taskRunning",
            "taskId": "20260102030405-aaaaaaaa", "nodeId": "worker-1", "message": "runs",
        })
    };
    let sse = [7, 8].map(|n| format!("id: {n}\nevent: taskRunning\ndata: {}\n\n", event(n)));
    let master = Script::new().on("GET /api/v1/events", [Answer::Body(200, sse.concat())]);
    let output = ask(&master, &["events", "--after", "6"]);
    let line = "2026-01-02T03:04:05Z  taskRunning        20260102030405-aaaaaaaa  runs\n";
    assert_eq!(printed(&output), line.repeat(2));
    assert_eq!(
        master.asked_what(),
        ["GET /api/v1/events?follow=false&after=6"]
    );

    let output = ask(&master, &["events", "-o", "json"]);
    let objects: Vec<Value> = printed(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects, [event(7), event(8)]);
}

#[test]
fn followed_events_go_on_where_they_broke_off_until_the_master_has_forgotten_them() {
    let event = json!({
        "sequence": 7, "at": "2026-01-02T03:04:05Z", "kind": "nodeOffline", "nodeId": "worker-1",
        "message": "lost",
    });
    let answers = [
        Answer::Cut(format!("data: {event}\n\n")),
        error(503, "not_ready", "the store is down"),
        error(
            410,
            "events_gone",
            "events up to 900 are forgotten: list again",
        ),
    ];
    let master = Script::new().on("GET /api/v1/events", answers);
    let output = ask(&master, &["events", "--follow"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stdout(&output),
        "2026-01-02T03:04:05Z  nodeOffline        worker-1                 lost\n"
    );
    assert_eq!(
        stderr(&output),
        format!(
            "the master at {} can't be reached: the answer broke off: the connection was closed; \
             trying again\n\
             the store is down; trying again\n\
             error: events up to 900 are forgotten: list again\n",
            master.url
        )
    );
    let from = |asked: &str| asked.rsplit_once('=').unwrap().1.to_owned();
    let asked: Vec<String> = master
        .asked_what()
        .iter()
        .map(|asked| from(asked))
        .collect();
    assert_eq!(asked, ["true", "7", "7"]);
}

#[test]
fn health_asks_the_master_or_whom_it_is_told() {
    let health = json!({"status": "ok", "service": "podling-worker", "nodeId": "worker-1"});
    let worker = Script::new().ok("GET /health", &health);
    let master = Script::new();
    assert_eq!(ask(&master, &["health"]).status.code(), Some(1));
    let output = ask(&master, &["health", "--url", &worker.url]);
    assert_eq!(printed(&output), "podling-worker worker-1: ok\n");
    let home = tempfile::tempdir().unwrap();
    let mut command = crate::podling(home.path(), &["health"]);
    command
        .env("PODLING_HEALTH_URL", &worker.url)
        .assert()
        .success();
}
