//! A worker that does what a test tells it, and remembers what it was told.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::http::{KeepAlive, StatusCode};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

use crate::bench::{Bench, until};

/// One request it got.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: String,
    pub body: Value,
}

/// What it answers.
pub struct Reply(pub u16, pub String);

type Script = Arc<dyn Fn(&Call) -> Option<Reply> + Send + Sync>;

/// A worker that does what a test tells it.
pub struct Worker {
    pub port: u16,
    calls: Arc<Mutex<Vec<Call>>>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// One that accepts everything.
    pub fn start() -> Self {
        Self::scripted(|_| None)
    }

    /// One that answers as `script` says; where it says nothing, all is well.
    pub fn scripted(script: impl Fn(&Call) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let calls = Arc::<Mutex<Vec<Call>>>::default();
        let (noted, script): (_, Script) = (calls.clone(), Arc::new(script));
        let (says, started) = channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let (noted, script) = (noted.clone(), script.clone());
                    App::new().default_service(web::to(move |request, body| {
                        let answer = answer(&request, &body, &noted, &script);
                        async move { answer }
                    }))
                });
                let server = server
                    .workers(1)
                    .disable_signals()
                    .shutdown_timeout(0)
                    .keep_alive(KeepAlive::Os);
                let server = server.bind(("127.0.0.1", 0)).unwrap();
                let port = server.addrs()[0].port();
                let server = server.run();
                says.send((port, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (port, handle) = started.recv().unwrap();
        Self {
            port,
            calls,
            handle,
            thread: Some(thread),
        }
    }

    /// What it was asked, probes left out.
    pub fn calls(&self) -> Vec<Call> {
        let calls = self.calls.lock().unwrap().clone();
        calls.into_iter().filter(|c| c.path != "/health").collect()
    }

    /// Waits for the first call that has this method and whose path ends so.
    pub fn until_called(&self, method: &str, end: &str) -> Call {
        until(&format!("{method} …{end}"), || {
            let is_it = |call: &Call| call.method == method && call.path.ends_with(end);
            self.calls().into_iter().find(is_it)
        })
    }

    /// Registers it as a podling worker of this name.
    pub fn register(&self, bench: &Bench, id: &str) {
        bench.register(id, self.port);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The first poll sends the order; the thread is what is waited for.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(
    request: &HttpRequest,
    body: &web::Bytes,
    noted: &Mutex<Vec<Call>>,
    script: &Script,
) -> HttpResponse {
    let call = Call {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        body: serde_json::from_slice(body).unwrap_or(Value::Null),
    };
    noted.lock().unwrap().push(call.clone());
    let Reply(status, text) = script(&call).unwrap_or_else(|| accepted(&call));
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).body(text)
}

/// What a worker answers when all is well.
fn accepted(call: &Call) -> Reply {
    if call.path == "/health" {
        let health = json!({"status": "ok", "service": "podling-worker"});
        return Reply(200, health.to_string());
    }
    if call.path == "/api/v1/tasks/execute" {
        let tasks = call.body["tasks"].as_array().unwrap();
        let verdict = |task: &Value| json!({"taskId": task["taskId"], "accepted": true});
        let verdicts: Vec<Value> = tasks.iter().map(verdict).collect();
        return Reply(200, Value::from(verdicts).to_string());
    }
    Reply(202, json!({"message": "accepted"}).to_string())
}
