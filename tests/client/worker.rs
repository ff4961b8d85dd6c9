//! The client of a worker, and what is particular about where it is.

use super::*;

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
