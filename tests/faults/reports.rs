//! Reports that come late, twice, in another order, from somebody else or about something else:
//! sent over HTTP to a real master, beside real workers.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::docker::IMAGE;

/// Status and body of an answer.
fn send(cluster: &Cluster, method: &str, path: &str, body: &str) -> (u16, Value) {
    let agent = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = agent.build().into();
    let url = format!("http://127.0.0.1:{}{path}", cluster.port);
    let request = ureq::http::Request::builder().method(method).uri(url);
    let request = request.header("Content-Type", "application/json");
    let mut answer = agent.run(request.body(body.to_owned()).unwrap()).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Everything there is to see of a task.
fn seen(cluster: &Cluster, id: &str) -> [Value; 2] {
    ["", "/events"].map(|more| send(cluster, "GET", &format!("/api/v1/tasks/{id}{more}"), "").1)
}

/// So many reports changed nothing.
static IGNORED: AtomicUsize = AtomicUsize::new(0);

/// Sends it as a report; nothing is to be seen of it, and it is answered with this status.
#[track_caller]
fn nothing_comes_of(cluster: &Cluster, id: &str, report: &Value, status: u16) {
    let before = seen(cluster, id);
    let path = format!("/api/v1/tasks/{id}/status");
    let (got, answer) = send(cluster, "PUT", &path, &report.to_string());
    assert_eq!(got, status, "{report}: {answer}");
    match status {
        200 => assert_eq!(answer, before[0], "{report}: the task as it is"),
        _ => assert!(
            answer["error"].is_string() && answer["code"].is_string(),
            "{report}: {answer}"
        ),
    }
    assert_eq!(seen(cluster, id), before, "{report}");
    IGNORED.fetch_add(1, Ordering::Relaxed);
}

const STATUSES: [&str; 5] = ["scheduled", "running", "completed", "failed", "stopped"];

#[test]
fn no_report_but_the_right_one_changes_anything() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let moved = cluster.run(&["moved", "--image", IMAGE, "--", "sleep", "600"]);
    cluster.until_status(&moved, "running");
    let ended = cluster.run(&["ended", "--image", IMAGE, "--", "sh", "-c", "exit 3"]);
    cluster.until_status(&ended, "failed");
    cluster.start_worker("b", &[]);
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    cluster.stdout(&["drain", &a, "--deadline", "0s"]);
    cluster.until("the task to run on the other node", |c| {
        let task = c.task(&moved);
        task["attempt"] == 2 && task["status"] == "running"
    });
    let waiting = cluster.run(&["waits", "--image", IMAGE, "--memory", "400Gi"]);
    let running = cluster.task(&moved);

    // Late: from the node and the attempt before, whatever it says.
    for status in STATUSES {
        let old = json!({"status": status, "attempt": 1, "nodeId": a, "exitCode": 9, "containerId": "old"});
        nothing_comes_of(&cluster, &moved, &old, 200);
        // Another node, another attempt, or a node nobody knows.
        for (attempt, node) in [(2, &*a), (1, &*b), (3, &*b), (0, &*b), (2, "nobody")] {
            let wrong =
                json!({"status": status, "attempt": attempt, "nodeId": node, "exitCode": 9});
            nothing_comes_of(&cluster, &moved, &wrong, 200);
        }
        // A worker of the Go project does not say which attempt; its node is wrong all the same.
        nothing_comes_of(
            &cluster,
            &moved,
            &json!({"status": status, "nodeId": a}),
            200,
        );
        // After the end, and before the beginning.
        for id in [&ended, &waiting] {
            nothing_comes_of(&cluster, id, &json!({"status": status, "exitCode": 0}), 200);
            let own = json!({"status": status, "attempt": 1, "nodeId": a, "exitCode": 0});
            nothing_comes_of(&cluster, id, &own, 200);
        }
    }
    // Doubled, and overtaken by what is known already.
    let doubled = json!({"status": "running", "attempt": 2, "nodeId": b,
        "containerId": running["containerId"], "restartCount": 0});
    nothing_comes_of(&cluster, &moved, &doubled, 200);
    let overtaken = json!({"status": "scheduled", "attempt": 2, "nodeId": b, "reason": "pulling"});
    nothing_comes_of(&cluster, &moved, &overtaken, 200);
    // Impossible.
    for body in [
        json!({"status": "pending", "attempt": 2, "nodeId": b}),
        json!({"status": "exploded"}),
        json!({"status": "RUNNING"}),
        json!({"status": ""}),
        json!({"status": 7}),
        json!({"status": null}),
        json!({}),
        json!([]),
        json!("running"),
        json!({"status": "failed", "attempt": -1}),
        json!({"status": "failed", "attempt": 4_294_967_296_u64}),
        json!({"status": "failed", "attempt": "2"}),
        json!({"status": "failed", "exitCode": "one"}),
        json!({"status": "failed", "exitCode": 1.5}),
        json!({"status": "running", "restartCount": -1}),
    ] {
        for id in [&moved, &ended, &waiting] {
            nothing_comes_of(&cluster, id, &body, 400);
        }
    }
    let nobodys = json!({"status": "running"}).to_string();
    let (status, answer) = send(&cluster, "PUT", "/api/v1/tasks/nobodys/status", &nobodys);
    assert_eq!(
        (status, &answer["code"]),
        (404, &json!("not_found")),
        "{answer}"
    );

    // The same in a heartbeat: the worker is told what to stop, or what it said is refused.
    let before = seen(&cluster, &moved);
    let beats = Cell::new(0);
    let beat = |node: &str, task: Value| {
        beats.set(beats.get() + 1);
        let body = json!({"tasks": [task]}).to_string();
        send(
            &cluster,
            "POST",
            &format!("/api/v1/nodes/{node}/heartbeat"),
            &body,
        )
    };
    for status in STATUSES {
        for attempt in [1, 2, 3] {
            let task =
                json!({"taskId": moved, "attempt": attempt, "status": status, "exitCode": 9});
            let (got, answer) = beat(&a, task);
            assert_eq!(got, 200, "{answer}");
            assert_eq!(answer["stop"][0]["taskId"], moved.as_str(), "{answer}");
        }
    }
    let said = |status: &str| json!({"taskId": moved, "attempt": 2, "status": status});
    assert_eq!(beat(&b, said("exploded")).0, 400);
    assert_eq!(beat("nobody", said("failed")).0, 404);
    assert_eq!(seen(&cluster, &moved), before);
    eprintln!(
        "{IGNORED:?} reports and {} heartbeats changed nothing",
        beats.get()
    );
    let containers = cluster.containers(&["status=running"]);
    assert_eq!(
        containers,
        [running["containerId"].as_str().unwrap()],
        "and it still runs"
    );
}

/// What one attempt has to report, in the order in which it happened.
fn story(node: &str) -> [Value; 3] {
    let from = |report: Value| {
        let mut report = report;
        report["attempt"] = json!(1);
        report["nodeId"] = json!(node);
        report
    };
    [
        from(json!({"status": "scheduled", "reason": "pulling"})),
        from(json!({"status": "running", "containerId": "c"})),
        from(json!({"status": "failed", "containerId": "c", "exitCode": 3})),
    ]
}

#[test]
fn reports_in_any_order_and_any_number_end_the_same() {
    let cluster = Cluster::start();
    let node = cluster.node("ghost");
    // A worker that only reports: nobody listens at its address.
    let body = json!({"hostname": "127.0.0.1", "port": 9, "nodeId": node, "version": "0",
        "heartbeatIntervalMs": 1000, "tasks": []});
    let (status, answer) = send(
        &cluster,
        "POST",
        "/api/v1/nodes/register",
        &body.to_string(),
    );
    assert_eq!(status, 201, "{answer}");
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        let task = json!({"name": "told", "image": IMAGE}).to_string();
        let (status, task) = send(&cluster, "POST", "/api/v1/tasks", &task);
        assert_eq!(
            (status, &task["status"]),
            (201, &json!("scheduled")),
            "{task}"
        );
        let id = task["taskId"].as_str().unwrap();
        let path = format!("/api/v1/tasks/{id}/status");
        let mut ended = Value::Null;
        for which in order
            .into_iter()
            .flat_map(|which| [which, which])
            .chain(order)
        {
            let report = story(&node)[which].to_string();
            let (status, task) = send(&cluster, "PUT", &path, &report);
            assert_eq!(status, 200, "{task}");
            if ended.is_null() && which == 2 {
                ended = task;
            } else if !ended.is_null() {
                assert_eq!(task, ended, "{order:?}: what has ended stays as it ended");
            }
        }
        assert_eq!(
            (&ended["status"], &ended["exitCode"]),
            (&json!("failed"), &json!(3))
        );
        let events = send(&cluster, "GET", &format!("/api/v1/tasks/{id}/events"), "").1;
        let kinds: Vec<_> = events
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["kind"].clone())
            .collect();
        let mut expected = vec!["taskSubmitted", "taskScheduled"];
        // Each only when it was news.
        if order[0] == 0 {
            expected.push("taskProgress");
        }
        if order.iter().position(|w| *w == 1) < order.iter().position(|w| *w == 2) {
            expected.push("taskRunning");
        }
        expected.push("taskFailed");
        assert_eq!(kinds, expected, "{order:?}");
    }
}

#[test]
fn a_heartbeat_that_arrives_after_the_sign_off_brings_nobody_back() {
    let cluster = Cluster::start();
    let node = cluster.node("ghost");
    let register = |interval_ms: u64| {
        let body = json!({"hostname": "127.0.0.1", "port": 9, "nodeId": node, "version": "0",
            "heartbeatIntervalMs": interval_ms, "tasks": []});
        send(
            &cluster,
            "POST",
            "/api/v1/nodes/register",
            &body.to_string(),
        )
    };
    for impossible in [u64::MAX, u64::MAX / 2 + 1, 86_400_001] {
        let (status, answer) = register(impossible);
        assert_eq!(status, 400, "{answer}");
        assert!(
            answer["error"]
                .as_str()
                .unwrap()
                .contains("heartbeatIntervalMs"),
            "{answer}"
        );
    }
    assert_eq!(register(1000).0, 201);
    let path = format!("/api/v1/nodes/{node}");
    assert_eq!(
        send(&cluster, "POST", &format!("{path}/deregister"), "").0,
        200
    );
    let before = send(&cluster, "GET", &path, "").1;
    assert_eq!(before["status"], "offline");
    let (status, answer) = send(
        &cluster,
        "POST",
        &format!("{path}/heartbeat"),
        r#"{"tasks":[]}"#,
    );
    assert_eq!(status, 404, "register again: {answer}");
    assert_eq!(send(&cluster, "GET", &path, "").1, before);
    let (status, answer) = register(1000);
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("online")),
        "{answer}"
    );
}
