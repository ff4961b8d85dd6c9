//! What is sent.

use super::*;

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
async fn an_idle_connection_is_used_again_some_seconds_later() {
    let master = master(|app| {
        app.default_service(web::to(|request: HttpRequest| async move {
            let from = request.peer_addr().unwrap().port();
            HttpResponse::Ok().json(json!({"status": "ok", "service": from.to_string()}))
        }));
    })
    .await;
    let first = master.health().await.unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(master.health().await.unwrap().service, first.service);
}
