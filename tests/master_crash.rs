//! Invariants 1 and 5 at the whole master: what a client was told is so after SIGKILL at any
//! moment, and what was stored is what the next master shows.
//!
//! A real `podling master` on a real store is killed again and again while clients submit, stop
//! and remove tasks. Each client repeats an operation, with the same idempotency key, until it is
//! answered, across the crashes. In the end every task has to be as its last answer said, once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test ends where something is not as it should be, in real time, and says its seed"
)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use podling::core::{Now, Policy, State};
use podling::master::convert;
use podling::store::{Location, open};
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use support::http;
use support::postgres::Postgres;
use support::process::tied;
use support::torture::{rounds, seed};

const CLIENTS: usize = 16;
const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn a_master_on_sqlite_keeps_every_promise_when_it_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    keeps_every_promise(&Location::Sqlite { data_dir });
}

#[test]
fn a_master_on_postgres_keeps_every_promise_when_it_is_killed() {
    let server = Postgres::start();
    let url = server.new_database();
    keeps_every_promise(&Location::Postgres { url });
}

fn keeps_every_promise(location: &Location) {
    let crashes = rounds(10, 100);
    let mut random = StdRng::seed_from_u64(seed());
    let home = tempfile::tempdir().unwrap();
    let mut master = Master::start(location, 0, home.path());
    let port = master.port;
    let url = format!("http://127.0.0.1:{port}");
    register_a_drained_node(&url);

    let answered = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let promises: Vec<BTreeMap<String, Promise>> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let random = StdRng::seed_from_u64(random.random());
                let client = Client::new(&url, number, random);
                let (answered, over) = (&answered, &over);
                scope.spawn(move || client.work(answered, over))
            })
            .collect();
        for _ in 0..crashes {
            let enough = answered.load(Ordering::SeqCst) + random.random_range(1..150);
            until("answers", || {
                (answered.load(Ordering::SeqCst) >= enough).then_some(())
            });
            master.kill();
            master = Master::start(location, port, home.path());
        }
        over.store(true, Ordering::SeqCst);
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });

    let shown = get(&url, "/api/v1/tasks");
    let mut by_name = BTreeMap::new();
    for task in shown.as_array().unwrap() {
        let name = task["name"].as_str().unwrap();
        assert!(by_name.insert(name, task).is_none(), "{name} exists twice");
    }
    for (name, promise) in promises.iter().flatten() {
        let task = by_name.remove(name.as_str());
        let found = task.map(|task| (&task["taskId"], &task["status"]));
        let expected = promise
            .status
            .map(|status| (promise.id.clone().into(), status.into()));
        let expected: Option<(Value, Value)> = expected;
        let expected = expected.as_ref().map(|(id, status)| (id, status));
        assert_eq!(found, expected, "{name} is not as its last answer said");
    }
    assert!(by_name.is_empty(), "nobody asked for {:?}", by_name.keys());
    assert!(
        promises.iter().flatten().count() >= crashes,
        "something was done"
    );

    let tasks = promises.iter().flatten().count();
    println!("master killed {crashes} times: {tasks} tasks acknowledged, 0 lost, 0 doubled");

    let nodes = get(&url, "/api/v1/nodes");
    master.kill();
    let (stored_tasks, stored_nodes) = stored(location);
    assert_eq!(stored_tasks, shown, "load(store) == memory");
    assert_eq!(nodes.as_array().unwrap().len(), 1);
    for field in [
        "nodeId",
        "hostname",
        "port",
        "condition",
        "status",
        "registeredAt",
    ] {
        assert_eq!(stored_nodes[0][field], nodes[0][field], "{field}");
    }
}

/// So that the store holds more than tasks; drained, so that nothing is placed on it.
fn register_a_drained_node(url: &str) {
    let node = json!({"nodeId": "n1", "hostname": "127.0.0.1", "port": 1, "capacity": 4});
    let (status, _) = send(url, "POST", "/api/v1/nodes/register", None, &node).unwrap();
    assert_eq!(status, 201);
    let (status, _) = send(url, "POST", "/api/v1/nodes/n1/drain", None, &json!({})).unwrap();
    assert_eq!(status, 200);
}

/// What is stored, as a master that loads it would show it.
fn stored(location: &Location) -> (Value, Value) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let snapshot = open(location).await.unwrap().load().await.unwrap();
        let last_event = snapshot.last_event;
        let writes = snapshot.into_writes();
        let state = State::load(Policy::default(), writes, last_event, Now::default());
        let tasks: Vec<_> = state.tasks().map(|task| convert::task(task)).collect();
        let nodes: Vec<_> = state
            .nodes()
            .map(|node| convert::node(&state, node))
            .collect();
        (json!(tasks), json!(nodes))
    })
}

/// What a client was told about one task last.
struct Promise {
    id: String,
    /// None: it is gone.
    status: Option<&'static str>,
}

/// Submits, stops and removes tasks of its own.
struct Client {
    url: String,
    number: usize,
    random: StdRng,
    promises: BTreeMap<String, Promise>,
}

impl Client {
    fn new(url: &str, number: usize, random: StdRng) -> Self {
        Self {
            url: url.to_owned(),
            number,
            random,
            promises: BTreeMap::new(),
        }
    }

    fn work(mut self, answered: &AtomicUsize, over: &AtomicBool) -> BTreeMap<String, Promise> {
        for n in 0.. {
            if over.load(Ordering::SeqCst) {
                break;
            }
            let pending = self.promises.iter();
            let pending = pending.filter(|(_, promise)| promise.status == Some("pending"));
            let chosen = pending
                .map(|(name, _)| name.clone())
                .choose(&mut self.random);
            match (self.random.random_range(0..10), chosen) {
                (8, Some(name)) => self.stop(&name),
                (9, Some(name)) => self.remove(&name),
                _ => self.submit(format!("c{}-{n}", self.number)),
            }
            answered.fetch_add(1, Ordering::SeqCst);
        }
        self.promises
    }

    fn submit(&mut self, name: String) {
        let body = json!({"name": name, "image": "busybox"});
        let task = self.until_answered(&[201], "POST", "/api/v1/tasks", Some(&name), &body);
        let promise = Promise {
            id: task["taskId"].as_str().unwrap().to_owned(),
            status: Some("pending"),
        };
        self.promises.insert(name, promise);
    }

    fn stop(&mut self, name: &str) {
        let path = format!("/api/v1/tasks/{}/stop", self.promises[name].id);
        let task = self.until_answered(&[202], "POST", &path, None, &json!({}));
        assert_eq!(task["status"], "stopped");
        self.promises.get_mut(name).unwrap().status = Some("stopped");
    }

    fn remove(&mut self, name: &str) {
        let path = format!("/api/v1/tasks/{}", self.promises[name].id);
        // 404: it went with the try before, whose answer was lost.
        self.until_answered(&[200, 404], "DELETE", &path, None, &Value::Null);
        self.promises.get_mut(name).unwrap().status = None;
    }

    /// Repeats it until it is answered with one of these; only a master that is down or does not
    /// know the outcome is a reason to repeat.
    fn until_answered(
        &self,
        expected: &[u16],
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Value {
        until(&format!("an answer to {method} {path}"), || {
            let (status, answer) = send(&self.url, method, path, key, body)?;
            assert!(
                status == 503 || expected.contains(&status),
                "{status} {answer}"
            );
            (status != 503).then_some(answer)
        })
    }
}

/// Status and body; none when there was no complete answer.
fn send(
    url: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &Value,
) -> Option<(u16, Value)> {
    let answer = http::send(url, method, path, key, body)?;
    Some((answer.status, answer.body))
}

fn get(url: &str, path: &str) -> Value {
    let (status, answer) = send(url, "GET", path, None, &Value::Null).unwrap();
    assert_eq!(status, 200);
    answer
}

/// A real master process.
struct Master {
    child: Child,
    port: u16,
}

impl Master {
    /// Starts it and waits until it listens. It must not be disturbed by this machine's files or
    /// variables.
    fn start(location: &Location, port: u16, home: &std::path::Path) -> Self {
        let mut command = tied(Command::new(env!("CARGO_BIN_EXE_podling")));
        command.env_clear().env("HOME", home).current_dir(home);
        command.args(["master", "--bind", &format!("127.0.0.1:{port}")]);
        command.args(["--node-timeout", "1h"]);
        match location {
            Location::Memory => panic!("nothing in memory survives a crash"),
            Location::Sqlite { data_dir } => {
                command
                    .args(["--store", "sqlite", "--data-dir"])
                    .arg(data_dir);
            }
            Location::Postgres { url } => {
                command.args(["--store", "postgres", "--database-url", url]);
            }
        }
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let port = loop {
            let Some(line) = lines.next() else {
                panic!("the master ended before it listened:\n{said}");
            };
            let line = line.unwrap();
            if let Some((_, address)) = line.split_once("listening on http://") {
                break address.rsplit(':').next().unwrap().parse().unwrap();
            }
            said += &line;
            said.push('\n');
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until there is something.
#[track_caller]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < DEADLINE {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("waited in vain for {what}");
}
