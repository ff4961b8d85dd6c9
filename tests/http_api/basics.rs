//! The process itself, and the mistakes every endpoint answers alike.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use podling::master::Options;
use podling::store::Memory;
use serde_json::json;

use crate::bench::{Bench, id, options};

#[test]
fn health_says_that_it_lives() {
    let answer = Bench::start().get("/health");
    assert_eq!(answer.status, 200);
    let expected = json!({"status": "ok", "service": "podling-master"});
    assert_eq!(answer.json(), expected);
}

#[test]
fn a_master_that_works_is_ready_and_misses_nothing() {
    let answer = Bench::start().get("/ready");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"status": "ready", "missing": []}));
}

#[test]
fn the_version_names_program_commit_date_and_api() {
    let version = Bench::start().get("/version").json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(version["apiVersion"], "v1");
    assert!(version["commit"].is_string() && version["buildDate"].is_string());
}

#[test]
fn the_metrics_count_requests_submissions_tasks_and_nodes() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let task = bench.submit("a");
    bench.get("/api/v1/tasks/nobody");
    bench.post("/api/v1/nodes/n1/heartbeat", json!({}));
    bench.post("/api/v1/nodes/n%31/heartbeat", json!({}));
    let report = json!({"status": "running", "attempt": 1, "nodeId": "n1"});
    bench.put(&format!("/api/v1/tasks/{}/status", id(&task)), report);
    let text = bench.get("/metrics").text;
    for line in [
        r#"podling_http_requests_total{method="POST",route="/api/v1/tasks",status="201"} 1"#,
        r#"podling_http_requests_total{method="GET",route="/api/v1/tasks/{id}",status="404"} 1"#,
        r#"podling_http_requests_total{method="POST",route="/api/v1/nodes/{id}/heartbeat",status="200"} 2"#,
        r#"podling_http_requests_total{method="PUT",route="/api/v1/tasks/{id}/status",status="200"} 1"#,
        "podling_submissions_total 1",
        r#"podling_tasks{status="failed"} 0"#,
        r#"podling_nodes{state="ready"} 1"#,
        "podling_commit_queue_depth 0",
        "podling_commit_seconds_count",
        "podling_commit_batch_changes_count",
        "podling_dispatch_failures_total",
        "podling_placements_total",
        "podling_http_request_seconds_bucket",
    ] {
        assert!(text.contains(line), "{line} is missing in:\n{text}");
    }
}

#[test]
fn an_unknown_path_is_404_in_the_form_go_clients_print() {
    let answer = Bench::start().get("/api/v1/pods");
    answer.is_error(404, "not_found", "/api/v1/pods");
    assert_eq!(answer.json()["message"], "Not Found");
}

#[test]
fn a_method_that_is_not_possible_is_405_and_says_what_is() {
    let answer = Bench::start().send("PATCH", "/api/v1/tasks", &[], None);
    answer.is_error(405, "method_not_allowed", "PATCH");
    assert_eq!(answer.header("allow"), Some("GET, POST"));
}

#[test]
fn a_body_without_its_content_type_is_415() {
    let bench = Bench::start();
    let body = Some(r#"{"name":"a","image":"b"}"#);
    let plain = ("Content-Type", "text/plain");
    let answer = bench.send("POST", "/api/v1/tasks", &[plain], body);
    answer.is_error(415, "unsupported_media_type", "application/json");
}

#[test]
fn a_body_over_the_limit_is_413() {
    let env = json!({"X": "y".repeat(1024 * 1024)});
    let body = json!({"name": "a", "image": "b", "env": env});
    let answer = Bench::start().post("/api/v1/tasks", body);
    answer.is_error(413, "body_too_long", "1048576");
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    let bench = Bench::start();
    let answer = bench.post("/api/v1/tasks", json!({"name": 5, "image": "b"}));
    answer.is_error(400, "invalid", "name");
    let answer = bench.post(
        "/api/v1/nodes/register",
        json!({"hostname": "h", "port": 70000}),
    );
    answer.is_error(400, "invalid", "port");
}

#[test]
fn broken_json_is_400() {
    let bench = Bench::start();
    let json = ("Content-Type", "application/json");
    let answer = bench.send("POST", "/api/v1/tasks", &[json], Some("{\"name\":"));
    assert_eq!(answer.error(), (400, "invalid".into()));
}

#[test]
fn unknown_fields_are_refused_by_name_where_go_clients_do_not_go() {
    let bench = Bench::start();
    for path in [
        "/api/v1/tasks/x/stop",
        "/api/v1/nodes/x/drain",
        "/api/v1/nodes/x/uncordon",
        "/api/v1/brake/release",
    ] {
        let answer = bench.post(path, json!({"nonsense": 1}));
        answer.is_error(400, "invalid", "nonsense");
    }
    for path in [
        "/api/v1/tasks/x/logs",
        "/api/v1/tasks/x/events",
        "/api/v1/events",
    ] {
        let answer = bench.get(&format!("{path}?nonsense=1"));
        answer.is_error(400, "invalid", "nonsense");
    }
    let answer = bench.delete("/api/v1/tasks/x?nonsense=1");
    answer.is_error(400, "invalid", "nonsense");
}

#[test]
fn unknown_fields_are_ignored_where_go_clients_go() {
    let bench = Bench::start();
    let task = json!({"name": "a", "image": "b", "nonsense": 1});
    assert_eq!(bench.post("/api/v1/tasks", task).status, 201);
    let node = json!({"nodeId": "n", "hostname": "h", "port": 1, "nonsense": 1});
    assert_eq!(bench.post("/api/v1/nodes/register", node).status, 201);
    for path in [
        "/api/v1/nodes/n/heartbeat",
        "/api/v1/nodes/n/deregister",
        "/api/v1/prune",
    ] {
        assert_eq!(
            bench.post(path, json!({"nonsense": 1})).status,
            200,
            "{path}"
        );
    }
    for path in ["/api/v1/tasks", "/api/v1/nodes"] {
        assert_eq!(
            bench.get(&format!("{path}?nonsense=1")).status,
            200,
            "{path}"
        );
    }
}

#[test]
fn a_port_in_use_is_named_at_start() {
    let bench = Bench::start();
    let mut options = crate::bench::options();
    options.bind = bench.url.strip_prefix("http://").unwrap().parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let error = runtime.block_on(podling::master::run(options.clone(), stop));
    let error = error.unwrap_err().to_string();
    assert!(error.contains(&options.bind.to_string()), "{error}");
    assert!(error.contains("in use"), "{error}");
}

#[test]
fn a_foreign_page_can_not_command_the_master() {
    let bench = Bench::start();
    let task = bench.submit("a");
    let path = format!("/api/v1/tasks/{}/stop", task["taskId"].as_str().unwrap());
    let origin = ("Origin", "http://evil.example");
    let answer = bench.send("POST", &path, &[origin], None);
    answer.is_error(403, "foreign_origin", "evil.example");
    let host = ("Host", "evil.example");
    let answer = bench.send("POST", &path, &[host, origin], None);
    answer.is_error(403, "foreign_host", "evil.example");
    assert_eq!(bench.task(&task)["status"], "pending");
    let own = ("Origin", bench.url.as_str());
    assert_eq!(bench.send("POST", &path, &[own], None).status, 202);
}

#[test]
fn an_idle_connection_does_not_hold_up_a_shutdown() {
    let options = Options {
        shutdown_timeout: Duration::from_secs(60),
        ..options()
    };
    let bench = Bench::start_on(Arc::new(Memory::new()), options);
    let address = bench.url.strip_prefix("http://").unwrap();
    let mut idle = TcpStream::connect(address).unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let (says, ended) = channel();
    std::thread::spawn(move || {
        bench.stop();
        says.send(bench.ended())
    });
    let ended = ended.recv_timeout(Duration::from_secs(30));
    ended.expect("it ends long before its timeout").unwrap();
}
