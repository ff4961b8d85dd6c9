//! A master that gives the answers a test wrote down, and notes what it was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use actix_web::http::{KeepAlive, StatusCode};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

/// What is answered to one request.
#[derive(Clone)]
pub enum Answer {
    /// A status and a body.
    Body(u16, String),
    /// The head, and then the connection breaks.
    Break,
    /// These bytes, and then the connection is closed: between two chunks, without the last one.
    Cut(String),
    /// These bytes, and then nothing more, for ever.
    Hang(String),
}

/// One request the master got.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `POST /api/v1/tasks?x=y`
    pub what: String,
    pub key: Option<String>,
    pub body: Value,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, VecDeque<Answer>>,
    asked: Vec<Asked>,
}

/// A master that gives the answers a test wrote down.
pub struct Script {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Script {
    pub fn new() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = web::Data::from(state.clone());
        let (told, address) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async move {
                let app = move || {
                    let app = App::new().app_data(shared.clone());
                    app.default_service(web::to(answer))
                };
                let server = HttpServer::new(app)
                    .workers(1)
                    .disable_signals()
                    .keep_alive(KeepAlive::Os);
                let server = server.bind("127.0.0.1:0").unwrap();
                told.send(server.addrs()[0]).unwrap();
                server.run().await.unwrap();
            });
        });
        let url = format!("http://{}", address.recv().unwrap());
        Self { url, state }
    }

    /// To `what` (`GET /api/v1/tasks`, without the query) these answers are given one after the
    /// other, the last one for ever.
    pub fn on(self, what: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = answers.into_iter().collect();
        let mut state = self.state.lock().unwrap();
        state.answers.insert(what.to_owned(), answers);
        drop(state);
        self
    }

    /// One answer: 200 and this.
    pub fn ok(self, what: &str, body: &Value) -> Self {
        self.on(what, [json(200, body)])
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The same, without the bodies.
    pub fn asked_what(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.what).collect()
    }
}

/// A JSON answer.
pub fn json(status: u16, body: &Value) -> Answer {
    Answer::Body(status, body.to_string())
}

/// An answer in the API's error form.
pub fn error(status: u16, code: &str, text: &str) -> Answer {
    json(status, &json!({"error": text, "code": code}))
}

async fn answer(
    request: HttpRequest,
    body: web::Bytes,
    state: web::Data<Mutex<State>>,
) -> HttpResponse {
    let mut state = state.lock().unwrap();
    let key = request.headers().get("Idempotency-Key");
    state.asked.push(Asked {
        what: format!("{} {}", request.method(), request.uri()),
        key: key.map(|key| key.to_str().unwrap().to_owned()),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    });
    let what = format!("{} {}", request.method(), request.path());
    let answer = match state.answers.get_mut(&what) {
        Some(answers) if answers.len() > 1 => answers.pop_front(),
        Some(answers) => answers.front().cloned(),
        None => None,
    };
    drop(state);
    match answer.unwrap_or_else(|| error(404, "not_found", &format!("no {what}"))) {
        Answer::Body(status, body) => {
            HttpResponse::build(StatusCode::from_u16(status).unwrap()).body(body)
        }
        Answer::Break => {
            let broken = async { Err::<web::Bytes, _>(std::io::Error::other("broken")) };
            HttpResponse::Ok().streaming(futures_util::stream::once(broken))
        }
        Answer::Cut(bytes) => {
            let stream = futures_util::stream::unfold(Some(bytes), async |bytes| match bytes {
                Some(bytes) => Some((Ok(web::Bytes::from(bytes)), None)),
                None => {
                    // What was written is sent before the connection is closed.
                    tokio::task::yield_now().await;
                    Some((Err(std::io::Error::other("cut")), None))
                }
            });
            HttpResponse::Ok().streaming(stream)
        }
        Answer::Hang(bytes) => {
            let stream = futures_util::stream::unfold(Some(bytes), async |bytes| match bytes {
                Some(bytes) => Some((Ok::<_, std::io::Error>(bytes.into()), None)),
                None => std::future::pending().await,
            });
            HttpResponse::Ok().streaming(stream)
        }
    }
}

/// A task as the API shows it, created so many seconds ago.
pub fn task(id: &str, name: &str, status: &str, age: i64, more: Value) -> Value {
    let mut task = json!({
        "taskId": id,
        "name": name,
        "image": "nginx:latest",
        "resources": {"requests": {}, "limits": {}},
        "status": status,
        "attempt": 1,
        "restartCount": 0,
        "createdAt": ago(age),
    });
    for (key, value) in more.as_object().unwrap() {
        task[key] = value.clone();
    }
    task
}

/// So many seconds before now.
pub fn ago(seconds: i64) -> String {
    let now = jiff::Timestamp::now();
    (now - jiff::SignedDuration::from_secs(seconds)).to_string()
}
