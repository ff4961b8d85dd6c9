//! How each failure shows.

use super::*;

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
async fn what_some_other_program_answers_is_no_registration_and_no_heartbeat() {
    let master = master(|app| {
        app.default_service(web::to(|| async {
            HttpResponse::Ok().json(json!({"status": "ok"}))
        }));
    })
    .await;
    let register = wire::Register::default();
    let heartbeat = wire::Heartbeat::default();
    for answer in [
        master.register(&register).await,
        master.heartbeat("n", &heartbeat).await,
    ] {
        assert!(matches!(answer, Err(Error::Malformed { .. })), "{answer:?}");
    }
}
