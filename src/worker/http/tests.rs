//! Every endpoint, and every error once, over the scripted engine.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Service;
use actix_web::http::header;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpMessage};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Orders, State, routes};
use crate::http::Bound;
use crate::worker::runtime::scripted::Behaviour;
use crate::worker::tests::{Rig, task};

/// A worker whose engine is watched; the image `wordy` writes two lines and ends.
async fn rig() -> Rig {
    let rig = Rig::new();
    let wordy = Behaviour {
        writes: vec!["one".into(), "two".into()],
        ..Behaviour::job(Duration::ZERO, 3)
    };
    rig.engine.image("wordy", wordy);
    rig.watch();
    rig.runner.looked().await;
    rig
}

struct Answer {
    status: u16,
    content_type: String,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }
}

async fn ask(rig: &Rig, request: TestRequest) -> Answer {
    let orders = Orders::new(Arc::clone(&rig.runner), Arc::clone(&rig.contact));
    let state = State::new(orders, CancellationToken::new());
    let app = App::new()
        .wrap_fn(move |request, service| {
            request.extensions_mut().insert(state.clone());
            service.call(request)
        })
        .configure(routes);
    let app = init_service(app).await;
    let response = call_service(&app, request.to_request()).await;
    let content_type = response.headers().get(header::CONTENT_TYPE);
    Answer {
        status: response.status().as_u16(),
        content_type: content_type.map_or(String::new(), |v| v.to_str().unwrap().to_owned()),
        text: String::from_utf8(read_body(response).await.to_vec()).unwrap(),
    }
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

fn execute(id: &str, task: &crate::wire::Task) -> TestRequest {
    let path = format!("/api/v1/tasks/{id}/execute");
    TestRequest::post()
        .uri(&path)
        .set_json(json!({ "task": task }))
}

#[actix_web::test]
async fn health_names_the_node() {
    let rig = rig().await;
    let answer = ask(&rig, get("/health")).await;
    let expected = json!({"status": "ok", "service": "podling-worker", "nodeId": "n"});
    assert_eq!((answer.status, answer.json()), (200, expected));
}

#[actix_web::test]
async fn an_order_is_accepted_as_go_clients_know_it() {
    let rig = rig().await;
    let answer = ask(&rig, execute("t", &task("t", "service"))).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()["taskId"], "t");
    assert!(answer.json()["message"].is_string());
    rig.until("t", "running").await;
    let answer = ask(&rig, get("/api/v1/tasks/t/status")).await;
    assert_eq!(answer.json()["status"], "running");
    assert!(answer.json()["containerId"].is_string());
}

#[actix_web::test]
async fn a_go_masters_task_without_attempt_and_with_unknown_fields_is_accepted() {
    let rig = rig().await;
    let body = json!({"task": {"taskId": "t", "name": "web", "image": "service", "pod": "x"}});
    let request = TestRequest::post()
        .uri("/api/v1/tasks/t/execute")
        .set_json(body);
    assert_eq!(ask(&rig, request).await.status, 202);
}

#[actix_web::test]
async fn another_tasks_id_in_the_path_is_a_mismatch() {
    let rig = rig().await;
    let answer = ask(&rig, execute("other", &task("t", "service"))).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"], "task ID mismatch");
}

#[actix_web::test]
async fn an_id_that_fits_in_no_containers_name_is_refused() {
    let rig = rig().await;
    let long = "x".repeat(129);
    for id in ["-a", ".", "a b", "a%2Fb", "ä", long.as_str()] {
        let body = json!({"tasks": [task(id, "service")]});
        let request = TestRequest::post()
            .uri("/api/v1/tasks/execute")
            .set_json(body);
        let verdicts = ask(&rig, request).await.json();
        assert_eq!(verdicts[0]["accepted"], false, "{id}");
        let why = verdicts[0]["error"].as_str().unwrap();
        assert!(why.contains("`task.taskId`"), "{why}");
    }
    let longest = "x".repeat(128);
    let answer = ask(&rig, execute(&longest, &task(&longest, "service"))).await;
    assert_eq!(answer.status, 202);
}

#[actix_web::test]
async fn a_grace_of_more_than_a_day_is_refused() {
    let rig = rig().await;
    for (seconds, status) in [(86_401, 400), (86_400, 202)] {
        let request = TestRequest::post()
            .uri("/api/v1/tasks/t/stop")
            .set_json(json!({"attempt": 1, "gracePeriodSeconds": seconds}));
        assert_eq!(ask(&rig, request).await.status, status);
    }
}

#[actix_web::test]
async fn a_task_for_another_node_is_refused() {
    let rig = rig().await;
    let mut other = task("t", "service");
    other.node_id = Some("elsewhere".into());
    let answer = ask(&rig, execute("t", &other)).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (409, &json!("other_node"))
    );
    let batch = TestRequest::post()
        .uri("/api/v1/tasks/execute")
        .set_json(json!({"tasks": [other]}));
    let verdicts = ask(&rig, batch).await.json();
    assert_eq!(verdicts[0]["code"], "other_node");
    assert!(rig.runner.view("t").is_none());
    other.node_id = Some("n".into());
    assert_eq!(ask(&rig, execute("t", &other)).await.status, 202);
}

#[actix_web::test]
async fn an_older_attempt_is_a_conflict_and_a_closed_worker_is_unavailable() {
    let rig = rig().await;
    let mut newer = task("t", "service");
    newer.attempt = 2;
    ask(&rig, execute("t", &newer)).await;
    let answer = ask(&rig, execute("t", &task("t", "service"))).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (409, &json!("older_attempt"))
    );
    rig.runner.close();
    let answer = ask(&rig, execute("u", &task("u", "service"))).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (503, &json!("shutting_down"))
    );
}

#[actix_web::test]
async fn a_stop_of_an_older_attempt_says_that_a_newer_one_goes_on() {
    let rig = rig().await;
    let mut newer = task("t", "service");
    newer.attempt = 2;
    ask(&rig, execute("t", &newer)).await;
    for (attempt, message) in [
        (1, "attempt 2 is here, a newer one: it goes on"),
        (2, "task is being stopped"),
    ] {
        let stop = TestRequest::post()
            .uri("/api/v1/tasks/t/stop")
            .set_json(json!({"attempt": attempt}));
        let answer = ask(&rig, stop).await;
        assert_eq!(
            (answer.status, &answer.json()["message"]),
            (202, &json!(message))
        );
    }
}

#[actix_web::test]
async fn a_batch_gets_a_verdict_for_each() {
    let rig = rig().await;
    let nameless = crate::wire::Task {
        name: String::new(),
        ..task("b", "service")
    };
    let body = json!({"tasks": [task("a", "service"), nameless]});
    let answer = ask(
        &rig,
        TestRequest::post()
            .uri("/api/v1/tasks/execute")
            .set_json(body),
    )
    .await;
    let verdicts = answer.json();
    assert_eq!(
        (answer.status, &verdicts[0]["accepted"]),
        (200, &json!(true))
    );
    assert_eq!(verdicts[1]["accepted"], json!(false));
    assert!(verdicts[1]["error"].as_str().unwrap().contains("task.name"));
}

#[actix_web::test]
async fn a_stop_and_a_removal_are_accepted_and_done() {
    let rig = rig().await;
    ask(&rig, execute("t", &task("t", "service"))).await;
    rig.until("t", "running").await;
    let path = "/api/v1/tasks/t/stop";
    let body = json!({"attempt": 1, "gracePeriodSeconds": 3});
    let answer = ask(&rig, TestRequest::post().uri(path).set_json(body)).await;
    assert_eq!(answer.status, 202);
    rig.until("t", "stopped").await;
    let answer = ask(&rig, TestRequest::delete().uri("/api/v1/tasks/t")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(rig.engine.containers(), []);
    let answer = ask(&rig, TestRequest::delete().uri("/api/v1/tasks/t")).await;
    assert_eq!(answer.status, 404);
}

#[actix_web::test]
async fn what_is_not_here_is_404_by_name() {
    let rig = rig().await;
    for path in ["status", "logs", "pull"] {
        let answer = ask(&rig, get(&format!("/api/v1/tasks/t/{path}"))).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (404, &json!("not_found"))
        );
    }
    let answer = ask(&rig, TestRequest::post().uri("/api/v1/tasks/t/stop")).await;
    assert_eq!(answer.status, 404);
    let answer = ask(&rig, get("/nowhere")).await;
    assert_eq!(
        (answer.status, &answer.json()["message"]),
        (404, &json!("Not Found"))
    );
    assert_eq!(
        ask(&rig, TestRequest::put().uri("/health")).await.status,
        405
    );
}

#[actix_web::test]
async fn logs_are_one_object_for_go_clients_and_text_for_others() {
    let rig = rig().await;
    ask(&rig, execute("t", &task("t", "wordy"))).await;
    rig.until("t", "failed").await;
    let path = "/api/v1/tasks/t/logs";
    let answer = ask(&rig, get(path)).await;
    let expected = json!({"logs": "one\ntwo\n", "tail": 100, "taskId": "t"});
    assert_eq!((answer.status, answer.json()), (200, expected));

    let text = get(path).insert_header((header::ACCEPT, "text/plain"));
    let answer = ask(&rig, text).await;
    assert_eq!(answer.text, "one\ntwo\n");
    assert!(answer.content_type.starts_with("text/plain"));

    let answer = ask(&rig, get("/api/v1/tasks/t/logs?follow=true&tail=1")).await;
    assert_eq!(answer.text, "two\n");
    let answer = ask(
        &rig,
        get("/api/v1/tasks/t/logs?follow=true&timestamps=true"),
    )
    .await;
    assert_eq!(
        answer.text,
        "1970-01-01T00:00:00Z one\n1970-01-01T00:00:01Z two\n"
    );
}

#[actix_web::test]
async fn a_wrong_question_about_logs_is_400_and_named() {
    let rig = rig().await;
    for (query, named) in [
        ("tail=many", "tail"),
        ("since=yesterday", "since"),
        ("stream=stdin", "stream"),
        ("lines=3", "lines"),
    ] {
        let answer = ask(&rig, get(&format!("/api/v1/tasks/t/logs?{query}"))).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text.contains(named), "{}", answer.text);
    }
}

#[actix_web::test]
async fn a_pull_is_followed_to_its_end_and_no_pull_is_empty() {
    let rig = rig().await;
    rig.engine.registry_image("far", Behaviour::service());
    rig.engine.latency(Duration::from_millis(50));
    ask(&rig, execute("t", &task("t", "far"))).await;
    let mut view = rig.runner.view("t").unwrap();
    view.wait_for(|view| view.report.reason.is_some())
        .await
        .unwrap();
    // Published just before the pull begins.
    tokio::task::yield_now().await;
    let answer = ask(&rig, get("/api/v1/tasks/t/pull")).await;
    assert_eq!(answer.content_type, "application/x-ndjson");
    let lines: Vec<Value> = answer
        .text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(
        lines.last().unwrap()["status"],
        "Pull complete",
        "{}",
        answer.text
    );
    rig.until("t", "running").await;
    let answer = ask(&rig, get("/api/v1/tasks/t/pull")).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
}

#[actix_web::test]
async fn metrics_count_tasks_and_starts() {
    let rig = rig().await;
    ask(&rig, execute("t", &task("t", "service"))).await;
    rig.until("t", "running").await;
    let answer = ask(&rig, get("/metrics")).await;
    for line in [
        "podling_worker_tasks{status=\"running\"} 1",
        "podling_worker_starts_total 1",
        "podling_worker_engine_up 1",
        "podling_worker_reports_waiting 1",
    ] {
        assert!(answer.text.contains(line), "{line}: {}", answer.text);
    }
}

#[actix_web::test]
async fn a_foreign_page_is_refused_and_is_no_contact_with_the_master() {
    let rig = rig().await;
    let bound = Bound::take(([127, 0, 0, 1], 0).into()).unwrap();
    let address = bound.address();
    let orders = Orders::new(Arc::clone(&rig.runner), Arc::clone(&rig.contact));
    let state = State::new(orders, CancellationToken::new());
    let whom = super::Whom::One(Box::new(state));
    let server = super::server(whom, super::Place::Address(bound)).unwrap();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let ask = async |host: String, origin: &str| {
        let client = awc::Client::default();
        let request = client
            .post(format!("http://{address}/api/v1/tasks/t/stop"))
            .insert_header((header::HOST, host))
            .insert_header((header::ORIGIN, origin));
        let mut answer = request.send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        (answer.status().as_u16(), body["code"].clone())
    };
    let here = address.to_string();
    let foreign = ask(here.clone(), "http://evil.example").await;
    assert_eq!(foreign, (403, json!("foreign_origin")));
    let rebound = ask("evil.example".into(), "http://evil.example").await;
    assert_eq!(rebound, (403, json!("foreign_host")));
    let own = ask(here.clone(), &format!("http://{here}")).await;
    assert_ne!(own.0, 403);
    handle.stop(false).await;
}

#[actix_web::test]
async fn whatever_the_master_took_is_not_too_long_for_a_worker() {
    let rig = rig().await;
    let mut long = task("t", "wordy");
    // Ports are where the master says most about what was left out.
    long.env.insert("LONG".into(), "x".repeat(1024 * 1024));
    assert_eq!(ask(&rig, execute("t", &long)).await.status, 202);
}
