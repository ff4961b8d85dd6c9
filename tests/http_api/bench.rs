//! One master for one test, and requests to it.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use podling::clock::SystemClock;
use podling::core::Policy;
use podling::master::{Error, Master, Options};
use podling::store::{Location, Memory, Store};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Longer than anything takes on a busy machine; reached only when something is wrong.
const DEADLINE: Duration = Duration::from_secs(20);

/// A running master; it ends when this is dropped.
pub struct Bench {
    pub url: String,
    stop: CancellationToken,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

/// What a master is told in these tests.
pub fn options() -> Options {
    Options {
        bind: "127.0.0.1:0".parse().unwrap(),
        store: Location::Memory,
        policy: Policy::default(),
        commit_timeout: Duration::from_secs(5),
        store_give_up_after: Duration::from_secs(60),
        shutdown_timeout: Duration::from_secs(5),
    }
}

impl Bench {
    pub fn start() -> Self {
        Self::start_on(Arc::new(Memory::new()), options())
    }

    pub fn start_on(store: Arc<dyn Store>, options: Options) -> Self {
        let stop = CancellationToken::new();
        let token = stop.clone();
        let (says, started) = channel();
        let thread = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async {
                let clock = SystemClock::shared();
                let master = Master::start_on(store, clock, options, token).await?;
                says.send(master.address()).unwrap();
                master.wait().await
            })
        });
        let address = started.recv().expect("the master starts");
        Self {
            url: format!("http://{address}"),
            stop,
            thread: Some(thread),
        }
    }

    /// Tells the master to stop.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// How the master ended; waits for it.
    pub fn ended(mut self) -> Result<(), Error> {
        self.thread.take().unwrap().join().unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None)
    }

    /// Without any body.
    pub fn post_nothing(&self, path: &str) -> Answer {
        self.send("POST", path, &[], None)
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[JSON], Some(&body.to_string()))
    }

    pub fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, &[JSON], Some(&body.to_string()))
    }

    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        send(&format!("{}{path}", self.url), method, headers, body)
    }

    /// Submits a task of this name and gives it.
    pub fn submit(&self, name: &str) -> Value {
        let answer = self.post("/api/v1/tasks", json!({"name": name, "image": "busybox"}));
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    /// Registers a podling worker that nobody listens for.
    pub fn register(&self, id: &str, port: u16) -> Value {
        let body = json!({
            "nodeId": id, "hostname": "127.0.0.1", "port": port, "version": "0.1.0", "tasks": [],
        });
        let answer = self.post("/api/v1/nodes/register", body);
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        answer.json()
    }

    /// Reports what became of a task, as its node would.
    pub fn report(&self, task: &Value, status: &str) -> Value {
        let path = format!("/api/v1/tasks/{}/status", id(task));
        let body = json!({
            "status": status, "attempt": task["attempt"], "nodeId": task["nodeId"],
        });
        let answer = self.put(&path, body);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    pub fn task(&self, task: &Value) -> Value {
        self.get(&format!("/api/v1/tasks/{}", id(task))).json()
    }

    /// Waits until the task has this status.
    pub fn until_status(&self, task: &Value, status: &str) -> Value {
        until(&format!("task to be {status}"), || {
            Some(self.task(task)).filter(|task| task["status"] == status)
        })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take()
            && let Ok(Err(error)) = thread.join()
            && !std::thread::panicking()
        {
            panic!("the master ended with: {error}");
        }
    }
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A complete answer.
pub struct Answer {
    pub status: u16,
    headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status, and the code of the common error form, which it has to have.
    #[track_caller]
    pub fn error(&self) -> (u16, String) {
        let body = self.json();
        assert!(body["error"].is_string(), "{}", self.text);
        (self.status, body["code"].as_str().unwrap().to_owned())
    }

    /// An error with this status and code, whose text contains this.
    #[track_caller]
    pub fn is_error(&self, status: u16, code: &str, text: &str) {
        assert_eq!(self.error(), (status, code.to_owned()), "{}", self.text);
        let error = self.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(text), "{text:?} is not in {error:?}");
    }
}

pub fn send(url: &str, method: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
    let mut response = open(url, method, headers, body);
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.body_mut().read_to_string().unwrap(),
    }
}

/// An answer whose body is still to be read.
pub fn open(
    url: &str,
    method: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> ureq::http::Response<ureq::Body> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(DEADLINE * 3))
        .allow_non_standard_methods(true)
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    match body {
        Some(body) => agent.run(request.body(body.to_owned()).unwrap()),
        None => agent.run(request.body(()).unwrap()),
    }
    .unwrap_or_else(|error| panic!("{method} {url}: {error}"))
}

/// Asks again and again until there is something.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "real requests take real time, and the deadline only ends what went wrong"
)]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < DEADLINE {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("waited in vain for {what}");
}

pub fn id(task: &Value) -> &str {
    task["taskId"].as_str().unwrap()
}
