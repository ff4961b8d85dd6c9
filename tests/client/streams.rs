//! Long answers, and those that never end.

use super::*;

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
