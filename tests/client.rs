//! The typed clients against a small real HTTP server: what is sent, and how each failure shows.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::StreamExt;
use podling::client::{Error, Lines, MasterClient, Transport, WorkerClient};
use podling::wire;
use serde_json::json;
use tokio_util::bytes::Bytes;

const TASK: &str = r#"{"taskId":"t-1","name":"web","image":"nginx","status":"running"}"#;

/// A server with these routes; its base URL.
async fn serve(routes: fn(&mut web::ServiceConfig)) -> String {
    let server = HttpServer::new(move || App::new().configure(routes))
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    format!("http://{address}")
}

async fn master(routes: fn(&mut web::ServiceConfig)) -> MasterClient {
    MasterClient::new(Transport::start().unwrap(), &serve(routes).await)
}

fn header(request: &HttpRequest, name: &str) -> Option<String> {
    let value = request.headers().get(name)?;
    Some(value.to_str().unwrap().to_owned())
}

async fn submitted(request: HttpRequest, body: web::Json<serde_json::Value>) -> HttpResponse {
    assert_eq!(body.0, json!({"name": "web", "image": "nginx"}));
    assert_eq!(
        header(&request, "content-type").unwrap(),
        "application/json"
    );
    let mut task: serde_json::Value = serde_json::from_str(TASK).unwrap();
    task["reason"] = header(&request, "idempotency-key").into();
    HttpResponse::Created().json(task)
}

#[tokio::test]
async fn a_submission_carries_its_key_and_leaves_out_what_is_not_set() {
    let master = master(|app| {
        app.route("/api/v1/tasks", web::post().to(submitted));
    });
    let task = wire::SubmitTask {
        name: "web".into(),
        image: "nginx".into(),
        ..wire::SubmitTask::default()
    };
    let task = master.await.submit(&task, "key-1").await.unwrap();
    assert_eq!(task.task_id, "t-1");
    assert_eq!(task.reason.as_deref(), Some("key-1"));
}

#[tokio::test]
async fn a_report_asks_for_the_short_answer() {
    let master = master(|app| {
        app.default_service(web::to(|request: HttpRequest| async move {
            let prefer = header(&request, "prefer");
            HttpResponse::Ok().json(match prefer.as_deref() {
                Some("return=minimal") => json!({"attempt": 2, "nodeId": "n"}),
                _ => json!({"error": "all of it"}),
            })
        }));
    })
    .await;
    let report = wire::Report::default();
    let expected = wire::Reported {
        attempt: 2,
        node_id: Some("n".into()),
    };
    assert_eq!(master.report("t-1", &report).await, Ok(expected));
}

#[tokio::test]
async fn a_heartbeat_asks_for_the_short_answer_and_can_read_the_long_one() {
    let master = master(|app| {
        app.default_service(web::to(|request: HttpRequest| async move {
            let prefer = header(&request, "prefer");
            let short = prefer.as_deref() == Some("return=minimal");
            let long = request.path().contains("/of-an-older-master/");
            HttpResponse::Ok().json(match (short, long) {
                (true, false) => json!({"nodeTimeoutMs": 7, "run": [], "stop": []}),
                (true, true) => json!({
                    "nodeId": "n", "hostname": "h", "labels": {"a": "b"}, "resources": {"used": {}},
                    "nodeTimeoutMs": 7, "run": [], "stop": [],
                }),
                (false, _) => json!({"error": "the node, too"}),
            })
        }));
    })
    .await;
    let expected = wire::Instructions {
        node_timeout_ms: Some(7),
        ..wire::Instructions::default()
    };
    for node in ["n", "of-an-older-master"] {
        let answer = master.heartbeat(node, &wire::Heartbeat::default()).await;
        assert_eq!(answer.as_ref(), Ok(&expected), "{node}");
    }
}

#[tokio::test]
async fn a_drain_says_when_the_worker_itself_asks_for_it() {
    let master = master(|app| {
        app.default_service(web::to(|body: String| async move {
            HttpResponse::NotFound().json(json!({"error": body, "code": "not_found"}))
        }));
    })
    .await;
    let error = master.drain("n", Some(5)).await.unwrap_err().to_string();
    assert!(error.contains(r#"{"deadlineSeconds":5} "#), "{error}");
    let error = master.drain_as_worker("n", 5).await.unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains(r#"{"deadlineSeconds":5,"byWorker":true}"#),
        "{error}"
    );
}

#[tokio::test]
async fn ids_can_not_change_the_path() {
    let master = master(|app| {
        app.default_service(web::to(|request: HttpRequest| async move {
            let text = format!("{} {}", request.method(), request.uri());
            HttpResponse::NotFound().json(json!({"error": text, "code": "not_found"}))
        }));
    })
    .await;
    let error = master.task("../nodes?x").await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(
        error.to_string(),
        "GET /api/v1/tasks/..%2Fnodes%3Fx (HTTP 404, not_found)"
    );
    let error = master.remove("a b", true).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "DELETE /api/v1/tasks/a%20b?force=true (HTTP 404, not_found)"
    );
}

#[tokio::test]
async fn an_error_answer_keeps_status_code_text_and_time_to_wait() {
    let master = master(|app| {
        let busy = || async {
            HttpResponse::ServiceUnavailable()
                .insert_header(("Retry-After", "7"))
                .json(json!({"error": "the store is down", "code": "store_unavailable"}))
        };
        app.route("/api/v1/nodes", web::get().to(busy));
    });
    let error = master.await.nodes().await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(
        error,
        Error::Status {
            status: 503,
            code: "store_unavailable".into(),
            error: "the store is down".into(),
            retry_after: Some(Duration::from_secs(7)),
        }
    );
}

#[tokio::test]
async fn not_ready_is_an_answer_and_no_error() {
    let master = master(|app| {
        let missing = json!({"status": "not ready", "missing": ["store"]});
        let ready = move || {
            let missing = missing.clone();
            async { HttpResponse::ServiceUnavailable().json(missing) }
        };
        app.route("/ready", web::get().to(ready));
    });
    assert_eq!(master.await.ready().await.unwrap().missing, ["store"]);
}

#[tokio::test]
async fn nobody_listening_is_connection_refused() {
    // Bound and closed again: nobody listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let master = MasterClient::new(Transport::start().unwrap(), &url);
    let error = master.health().await.unwrap_err();
    assert!(error.is_transient() && error.is_refused());
    assert_eq!(
        error.to_string(),
        format!("{url}/health: connection refused")
    );
}

#[tokio::test]
async fn silence_is_a_timeout() {
    // Accepts (the kernel does) and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let worker = WorkerClient::new(Transport::start().unwrap(), "127.0.0.1", port);
    let worker = worker.with_timeout(Duration::from_millis(50));
    let error = worker.health().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("http://127.0.0.1:{port}/health: no answer within 0.05 s")
    );
}

#[tokio::test]
async fn urls_that_can_not_work_say_why() {
    let transport = Transport::start().unwrap();
    let why = async |url: &str| {
        let master = MasterClient::new(transport.clone(), url);
        master.health().await.unwrap_err().to_string()
    };
    let text = why("https://127.0.0.1:1").await;
    assert!(text.contains("https is not supported"), "{text}");
    let text = why("ftp://127.0.0.1").await;
    assert!(text.contains("not a usable URL"), "{text}");
    let text = why("http://no-such-host.invalid").await;
    assert!(text.contains("can't be resolved"), "{text}");
}

#[tokio::test]
async fn another_program_on_the_port_is_malformed() {
    let master = master(|app| {
        app.default_service(web::to(|| async { HttpResponse::Ok().body("<html>") }));
    });
    let error = master.await.nodes().await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_list_beyond_the_usual_body_limit_is_read_and_its_cursor_given() {
    let master = master(|app| {
        let list = || async {
            let tasks = vec![TASK; 50_000].join(",");
            HttpResponse::Ok()
                .insert_header(("Podling-Next-Cursor", "50000"))
                .content_type("application/json")
                .body(format!("[{tasks}]"))
        };
        app.route("/api/v1/tasks", web::get().to(list));
    });
    let list = wire::ListTasks::default();
    let (tasks, cursor) = master.await.tasks_page(&list).await.unwrap();
    assert_eq!((tasks.len(), cursor), (50_000, Some(50_000)));
}

#[tokio::test]
async fn logs_arrive_as_they_are_written() {
    let master = master(|app| {
        let logs = |request: HttpRequest| async move {
            assert_eq!(request.query_string(), "follow=true&tail=2");
            let lines = ["a\n", "b\nc", "\n"].map(|line| Ok::<_, std::io::Error>(line.into()));
            let lines = futures_util::stream::iter(lines);
            HttpResponse::Ok().streaming::<_, std::io::Error>(lines)
        };
        app.route("/api/v1/tasks/t-1/logs", web::get().to(logs));
    });
    let query = wire::LogQuery {
        tail: Some("2".into()),
        follow: Some(true),
        ..wire::LogQuery::default()
    };
    let mut lines = Lines::new(master.await.logs("t-1", &query).await.unwrap());
    for expected in ["a", "b", "c"] {
        assert_eq!(lines.next().await.unwrap().as_deref(), Some(expected));
    }
    assert_eq!(lines.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_that_is_refused_gives_the_servers_error() {
    let master = master(|app| {
        let gone = || async {
            HttpResponse::Gone().json(json!({"error": "too old", "code": "events_gone"}))
        };
        app.route("/api/v1/events", web::get().to(gone));
    });
    let error = master.await.events(Some(3), true).await.unwrap_err();
    assert_eq!(error.status(), Some(410));
}

#[tokio::test]
async fn dropping_a_stream_closes_its_connection() {
    type Ended = tokio::sync::mpsc::Sender<()>;
    struct Notice(Ended);
    impl Drop for Notice {
        fn drop(&mut self) {
            let _ = self.0.try_send(());
        }
    }
    let (ended, mut told) = tokio::sync::mpsc::channel(1);
    let server = HttpServer::new(move || {
        let endless = |ended: web::Data<Ended>| async move {
            let state = Notice(Ended::clone(&ended));
            let chunks = futures_util::stream::unfold(state, |state| async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                Some((Ok::<_, std::io::Error>(Bytes::from("x\n")), state))
            });
            HttpResponse::Ok().streaming(chunks)
        };
        App::new()
            .app_data(web::Data::new(ended.clone()))
            .default_service(web::to(endless))
    });
    let server = server
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    tokio::spawn(server.run());
    let master = MasterClient::new(Transport::start().unwrap(), &url);
    let mut logs = master.logs("t", &wire::LogQuery::default()).await.unwrap();
    assert_eq!(logs.next().await.unwrap().unwrap(), "x\n");
    drop(logs);
    let told = tokio::time::timeout(Duration::from_secs(10), told.recv()).await;
    assert_eq!(told, Ok(Some(())));
}

#[tokio::test]
async fn events_are_read_one_by_one() {
    let master = master(|app| {
        let events = |request: HttpRequest| async move {
            assert_eq!(request.query_string(), "follow=false&after=7");
            let event = |n| {
                format!(
                    "id: {n}\nevent: taskRunning\ndata: {{\"sequence\":{n},\
                     \"at\":\"2026-01-01T00:00:00Z\",\"kind\":\"taskRunning\",\"message\":\"m\"}}\n\n"
                )
            };
            HttpResponse::Ok().body(format!(": hello\n\n{}: ping\n\n{}", event(8), event(9)))
        };
        app.route("/api/v1/events", web::get().to(events));
    });
    let mut events = master.await.events(Some(7), false).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().sequence, 8);
    assert_eq!(events.next().await.unwrap().unwrap().sequence, 9);
    assert_eq!(events.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_worker_is_told_what_to_run_and_to_stop() {
    let url = serve(|app| {
        let execute = |body: web::Json<wire::Execute>| async move {
            assert_eq!(body.task.task_id, "t-1");
            HttpResponse::Accepted().json(json!({"message": "ok", "taskId": "t-1"}))
        };
        let many = |body: web::Json<wire::ExecuteBatch>| async move {
            let verdict = |task: &wire::Task| json!({"taskId": task.task_id, "accepted": true});
            HttpResponse::Ok().json(body.tasks.iter().map(verdict).collect::<Vec<_>>())
        };
        let stop = |body: web::Json<wire::Stop>| async move {
            assert_eq!(
                (body.attempt, body.grace_period_seconds),
                (Some(2), Some(0))
            );
            HttpResponse::Accepted().json(json!({}))
        };
        app.route("/api/v1/tasks/execute", web::post().to(many))
            .route("/api/v1/tasks/t-1/execute", web::post().to(execute))
            .route("/api/v1/tasks/t-1/stop", web::post().to(stop));
    })
    .await;
    let port = url.rsplit_once(':').unwrap().1.parse().unwrap();
    let worker = WorkerClient::new(Transport::start().unwrap(), "localhost", port);
    let task: wire::Task = serde_json::from_str(TASK).unwrap();
    worker.execute(&task).await.unwrap();
    let tasks = vec![task.clone(), task];
    let verdicts = worker
        .execute_batch(&wire::ExecuteBatch { tasks })
        .await
        .unwrap();
    assert_eq!(verdicts.len(), 2);
    assert!(verdicts[1].accepted);
    let stop = wire::Stop {
        attempt: Some(2),
        grace_period_seconds: Some(0),
    };
    worker.stop("t-1", &stop).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_share_one_transport() {
    let master = master(|app| {
        let task = || async { HttpResponse::Ok().body(TASK) };
        app.route("/api/v1/tasks/{id}", web::get().to(task));
    })
    .await;
    let callers = (0..200).map(|_| {
        let master = master.clone();
        tokio::spawn(async move { master.task("t-1").await.map(|task| task.task_id) })
    });
    for caller in futures_util::future::join_all(callers).await {
        assert_eq!(caller.unwrap().unwrap(), "t-1");
    }
}

#[test]
fn ipv6_hosts_are_put_in_brackets() {
    let transport = Transport::start().unwrap();
    let worker = WorkerClient::new(transport, "::1", 8081);
    assert_eq!(worker.base_url(), "http://[::1]:8081");
}

#[tokio::test]
async fn logs_that_a_go_worker_gives_as_an_object_are_text() {
    let url = serve(|app| {
        let logs = || async {
            let logs = "one\ntwo\n";
            HttpResponse::Ok().json(json!({"logs": logs, "tail": 100, "taskId": "t-1"}))
        };
        app.route("/api/v1/tasks/t-1/logs", web::get().to(logs));
    })
    .await;
    let port = url.rsplit_once(':').unwrap().1.parse().unwrap();
    let worker = WorkerClient::new(Transport::start().unwrap(), "localhost", port);
    let mut logs = worker
        .logs("t-1", &wire::LogQuery::default())
        .await
        .unwrap();
    assert_eq!(logs.next().await.unwrap().unwrap(), "one\ntwo\n");
    assert!(logs.next().await.is_none());
}
