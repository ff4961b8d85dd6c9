//! Tasks: what is refused, what is repeated, what is listed.

use serde_json::{Value, json};

use crate::bench::{Answer, Bench, id};

fn submit_with_key(bench: &Bench, key: &str, body: &Value) -> Answer {
    let headers = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", key),
    ];
    bench.send("POST", "/api/v1/tasks", &headers, Some(&body.to_string()))
}

fn names(answer: &Answer) -> Vec<String> {
    let list = answer.json();
    let name = |task: &Value| task["name"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(name).collect()
}

#[test]
fn what_can_not_be_is_refused_by_the_name_of_its_field() {
    let bench = Bench::start();
    for (field, body) in [
        ("name", json!({"image": "b"})),
        ("name", json!({"name": "-a", "image": "b"})),
        ("image", json!({"name": "a"})),
        (
            "containerPort",
            json!({"name": "a", "image": "b", "ports": [{"containerPort": 0}]}),
        ),
        (
            "resources.requests.memory",
            json!({"name": "a", "image": "b", "resources": {"requests": {"memory": "much"}}}),
        ),
        (
            "maxAttempts",
            json!({"name": "a", "image": "b", "maxAttempts": 0}),
        ),
        (
            "restartPolicy",
            json!({"name": "a", "image": "b", "restartPolicy": "Sometimes"}),
        ),
    ] {
        bench
            .post("/api/v1/tasks", body)
            .is_error(400, "invalid", field);
    }
    assert_eq!(bench.get("/api/v1/tasks").text, "[]");
}

#[test]
fn everything_asked_for_is_shown_again() {
    let bench = Bench::start();
    let asked = json!({
        "name": "a", "image": "b", "command": ["sh"], "args": ["-c", "true"],
        "env": {"K": "V"}, "labels": {"tier": "web"},
        "ports": [{"name": "http", "containerPort": 80, "hostPort": 8080, "hostIp": "127.0.0.1",
                   "protocol": "UDP"}],
        "resources": {"requests": {"cpu": "500m", "memory": "256Mi"},
                      "limits": {"cpu": 2000, "memory": 1 << 29}},
        "restartPolicy": "OnFailure", "maxAttempts": 3, "pullPolicy": "Always",
    });
    let task = bench.post("/api/v1/tasks", asked.clone()).json();
    for (field, value) in asked.as_object().unwrap() {
        if field != "resources" {
            assert_eq!(task[field], *value, "{field}");
        }
    }
    let amounts = json!({
        "requests": {"cpu": 500, "memory": 256 << 20}, "limits": {"cpu": 2000, "memory": 1 << 29},
    });
    assert_eq!(task["resources"], amounts);
    assert_eq!(bench.task(&task), task);
}

#[test]
fn the_same_key_with_the_same_body_gives_the_same_task() {
    let bench = Bench::start();
    let body = json!({"name": "a", "image": "b"});
    let first = submit_with_key(&bench, "k1", &body);
    let again = submit_with_key(&bench, "k1", &body);
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(id(&again.json()), id(&first.json()));
    let other = submit_with_key(&bench, "k2", &body);
    assert_ne!(id(&other.json()), id(&first.json()));
}

#[test]
fn the_same_key_with_another_body_is_409() {
    let bench = Bench::start();
    submit_with_key(&bench, "k1", &json!({"name": "a", "image": "b"}));
    let answer = submit_with_key(&bench, "k1", &json!({"name": "a", "image": "c"}));
    answer.is_error(409, "idempotency_key_reused", "k1");
}

#[test]
fn an_empty_or_endless_key_is_400() {
    let bench = Bench::start();
    let body = json!({"name": "a", "image": "b"});
    for key in ["", &"k".repeat(256)] {
        submit_with_key(&bench, key, &body).is_error(400, "invalid", "Idempotency-Key");
    }
}

#[test]
fn an_unknown_task_is_404_everywhere() {
    let bench = Bench::start();
    for path in ["", "/logs", "/pull", "/events"] {
        let answer = bench.get(&format!("/api/v1/tasks/nobody{path}"));
        answer.is_error(404, "not_found", "nobody");
    }
    let status = json!({"status": "running"});
    let answers = [
        bench.put("/api/v1/tasks/nobody/status", status),
        bench.post_nothing("/api/v1/tasks/nobody/stop"),
        bench.delete("/api/v1/tasks/nobody"),
    ];
    for answer in answers {
        answer.is_error(404, "not_found", "nobody");
    }
}

#[test]
fn lists_are_in_creation_order_and_filtered() {
    let bench = Bench::start();
    bench.register("n1", 1);
    for name in ["c", "a", "b"] {
        let labels = json!({"tier": name});
        bench.post(
            "/api/v1/tasks",
            json!({"name": name, "image": "i", "labels": labels}),
        );
    }
    let ended = bench.get("/api/v1/tasks?name=a").json()[0].clone();
    bench.report(&ended, "completed");
    let list = |query: &str| names(&bench.get(&format!("/api/v1/tasks{query}")));
    assert_eq!(list(""), ["c", "a", "b"]);
    assert_eq!(list("?status=completed"), ["a"]);
    assert_eq!(list("?status=scheduled,running"), ["c", "b"]);
    assert_eq!(list("?name=b"), ["b"]);
    assert_eq!(list("?nodeId=n1"), ["c", "a", "b"]);
    assert_eq!(list("?nodeId=n2"), [""; 0]);
    assert_eq!(list("?label=tier"), ["c", "a", "b"]);
    assert_eq!(list("?label=tier%3Db"), ["b"]);
    bench
        .get("/api/v1/tasks?status=lost")
        .is_error(400, "invalid", "status");
}

#[test]
fn pages_lead_from_one_to_the_next() {
    let bench = Bench::start();
    for n in 0..5 {
        bench.submit(&format!("t{n}"));
    }
    let mut seen = vec![];
    let mut cursor = None;
    loop {
        let after = cursor.map_or(String::new(), |cursor| format!("&cursor={cursor}"));
        let page = bench.get(&format!("/api/v1/tasks?limit=2{after}"));
        let names = names(&page);
        assert!(names.len() <= 2);
        seen.extend(names);
        match page.header("Podling-Next-Cursor") {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, ["t0", "t1", "t2", "t3", "t4"]);
    bench
        .get("/api/v1/tasks?limit=0")
        .is_error(400, "invalid", "limit");
}

#[test]
fn a_long_list_comes_in_pieces_and_is_still_one_list() {
    let bench = Bench::start();
    let expected: Vec<String> = (0..600).map(|n| format!("t{n}")).collect();
    for name in &expected {
        bench.submit(name);
    }
    let answer = bench.get("/api/v1/tasks");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(names(&answer), expected);
}

#[test]
fn an_impossible_status_is_400_and_named() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let task = bench.submit("a");
    let path = format!("/api/v1/tasks/{}/status", id(&task));
    bench
        .put(&path, json!({"status": "exploded"}))
        .is_error(400, "invalid", "exploded");
    bench
        .put(&path, json!({"status": "pending"}))
        .is_error(400, "invalid", "pending");
    bench
        .put(&path, json!({}))
        .is_error(400, "invalid", "status");
    assert_eq!(bench.task(&task)["status"], "scheduled");
}

#[test]
fn a_report_of_an_older_attempt_or_another_node_changes_nothing() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let task = bench.submit("a");
    let path = format!("/api/v1/tasks/{}/status", id(&task));
    let other_node = json!({"status": "failed", "attempt": 1, "nodeId": "n2"});
    let other_attempt = json!({"status": "failed", "attempt": 7, "nodeId": "n1"});
    for late in [other_node, other_attempt] {
        let answer = bench.put(&path, late);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["status"], "scheduled");
    }
}

#[test]
fn stop_ends_a_waiting_task_at_once_and_may_be_repeated() {
    let bench = Bench::start();
    let task = bench.submit("a");
    let path = format!("/api/v1/tasks/{}/stop", id(&task));
    for _ in 0..2 {
        let answer = bench.post(&path, json!({"gracePeriodSeconds": 1}));
        assert_eq!(answer.status, 202);
        assert_eq!(answer.json()["status"], "stopped");
    }
    let answer = bench.post(&path, json!({"attempt": 1}));
    answer.is_error(400, "invalid", "attempt");
}

#[test]
fn the_history_of_a_task_is_told_oldest_first_and_paged() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let task = bench.submit("a");
    bench.report(&task, "running");
    bench.report(&task, "completed");
    let path = format!("/api/v1/tasks/{}/events", id(&task));
    let kinds = |answer: &Answer| -> Vec<String> {
        let list = answer.json();
        let kind = |event: &Value| event["kind"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(kind).collect()
    };
    let all = [
        "taskSubmitted",
        "taskScheduled",
        "taskRunning",
        "taskCompleted",
    ];
    assert_eq!(kinds(&bench.get(&path)), all);
    let first = bench.get(&format!("{path}?limit=3"));
    assert_eq!(kinds(&first), all[..3]);
    let cursor = first.header("Podling-Next-Cursor").unwrap();
    let rest = bench.get(&format!("{path}?limit=3&cursor={cursor}"));
    assert_eq!(kinds(&rest), all[3..]);
    assert_eq!(rest.header("Podling-Next-Cursor"), None);
}

#[test]
fn who_reports_and_prefers_little_is_answered_which_attempt_stands_and_where() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let task = bench.submit("a");
    let path = format!("/api/v1/tasks/{}/status", id(&task));
    let report = json!({"status": "running", "attempt": 1, "nodeId": "n1"}).to_string();
    let put = |prefer| {
        let headers = [("Content-Type", "application/json"), ("Prefer", prefer)];
        bench.send("PUT", &path, &headers, Some(&report))
    };
    let short = put("return=minimal");
    assert_eq!(short.status, 200, "{}", short.text);
    assert_eq!(short.json(), json!({"attempt": 1, "nodeId": "n1"}));
    let whole = put("respond-async");
    assert_eq!(whole.json()["status"], "running", "{}", whole.text);
    assert_eq!(whole.json()["image"], task["image"]);
}
