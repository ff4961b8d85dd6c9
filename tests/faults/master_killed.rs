//! The master is killed at random moments while clients submit, stop and remove tasks, and a real
//! worker starts and ends their containers.
//!
//! Each client repeats an operation, with the same idempotency key, until it is answered. In the
//! end every acknowledged task is there once, as it must have ended; every container belongs to a
//! task, none to two, and none is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::docker::{IMAGE, docker};
use crate::support::http::send;
use crate::support::postgres::Postgres;
use crate::support::torture::{rounds, seed};

const CLIENTS: usize = 16;
const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn a_master_on_sqlite_killed_at_random_moments_loses_and_doubles_nothing() {
    killed_at_random_moments("sqlite", Cluster::start(), rounds(13, 150));
}

#[test]
fn a_master_on_postgres_killed_at_random_moments_loses_and_doubles_nothing() {
    let server = Postgres::shared();
    let url = server.new_database();
    let settings = [("STORE_TYPE", "postgres"), ("DATABASE_URL", &url)];
    killed_at_random_moments("postgres", Cluster::start_on(&settings), rounds(12, 150));
}

fn killed_at_random_moments(store: &str, mut cluster: Cluster, kills: usize) {
    let mut random = StdRng::seed_from_u64(seed());
    // dockerd starts some six containers a second, so more at a time would only wait.
    cluster.start_worker("a", &["--capacity", "8"]);
    let url = cluster.url();
    let over = AtomicBool::new(false);
    let tasks: BTreeMap<String, Promise> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let random = StdRng::seed_from_u64(random.random());
                let client = Client {
                    url: &url,
                    number,
                    random,
                };
                let over = &over;
                scope.spawn(move || client.work(over))
            })
            .collect();
        let over = Over(&over);
        for _ in 0..kills {
            std::thread::sleep(Duration::from_millis(random.random_range(0..700)));
            cluster.kill_master();
            cluster.start_master();
        }
        drop(over);
        let tasks = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap());
        tasks.collect()
    });
    let acknowledged = tasks.len();
    as_promised(&cluster, tasks);
    println!(
        "master on {store} killed {kills} times: {acknowledged} tasks acknowledged, 0 lost, 0 doubled"
    );
}

fn as_promised(cluster: &Cluster, mut promised: BTreeMap<String, Promise>) {
    // The same as above: what was shown last may have to be reported again.
    cluster.until("all tasks to have ended", |c| {
        let ended = |task: &Value| {
            matches!(
                task["status"].as_str(),
                Some("completed" | "failed" | "stopped")
            )
        };
        c.tasks().iter().all(ended)
    });
    let shown = cluster.tasks();
    let mut has_container = BTreeSet::new();
    for task in &shown {
        let name = task["name"].as_str().unwrap();
        let promise = promised.remove(name);
        let promise = promise.unwrap_or_else(|| panic!("nobody was promised, or twice: {task:#}"));
        assert_eq!(task["taskId"], *promise.id, "{task:#}");
        assert!(!promise.removed, "was removed: {task:#}");
        assert_eq!(task["status"], promise.end.status(), "{task:#}");
        assert_eq!(task["attempt"].as_u64().unwrap_or(0).max(1), 1, "{task:#}");
        assert_eq!(task["restartCount"], 0, "{task:#}");
        if let Some(container) = task["containerId"].as_str() {
            has_container.insert((promise.id, container.to_owned()));
        }
    }
    promised.retain(|_, promise| !promise.removed);
    assert!(
        promised.is_empty(),
        "acknowledged and lost: {:?}",
        promised.keys()
    );
    // The worker may still be removing what was removed last.
    cluster.until("every container to belong to a task", |c| {
        let of_task = |id: &String| {
            let label = "{{ index .Config.Labels \"podling.task\" }}";
            (docker(&["inspect", "--format", label, id]), id.clone())
        };
        let containers = c.containers(&[]);
        containers.len() == has_container.len()
            && containers.iter().map(of_task).collect::<BTreeSet<_>>() == has_container
    });
    assert_eq!(
        cluster.containers(&["status=running"]),
        [""; 0],
        "all have ended"
    );
}

/// How a task is to end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Completed,
    Failed,
    Stopped,
}

impl End {
    fn status(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    fn script(self) -> &'static str {
        match self {
            Self::Completed => "sleep 0.1",
            Self::Failed => "sleep 0.3; exit 3",
            // Deaf to SIGTERM a shell would be: sleep itself is not.
            Self::Stopped => "trap 'exit 0' TERM; sleep 600 & wait",
        }
    }
}

/// What a client was told about a task.
struct Promise {
    id: String,
    end: End,
    removed: bool,
}

/// Ends the clients' work also when an assertion fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Submits one task after another and follows each to its end.
struct Client<'a> {
    url: &'a str,
    number: usize,
    random: StdRng,
}

impl Client<'_> {
    fn work(mut self, over: &AtomicBool) -> Vec<(String, Promise)> {
        let mut promises = vec![];
        for n in 0.. {
            if over.load(Ordering::SeqCst) {
                break;
            }
            let name = format!("c{}-{n}", self.number);
            let end = match self.random.random_range(0..4) {
                0 => End::Failed,
                1 => End::Stopped,
                _ => End::Completed,
            };
            let mut promise = self.submit(&name, end);
            let path = format!("/api/v1/tasks/{}", promise.id);
            if end == End::Stopped {
                std::thread::sleep(Duration::from_millis(self.random.random_range(0..800)));
                let grace = json!({"gracePeriodSeconds": 5});
                self.until_answered(&[202], "POST", &format!("{path}/stop"), None, &grace);
            }
            let task = self.until_ended(&path);
            assert_eq!(task["status"], end.status(), "{task:#}");
            if end == End::Failed {
                assert_eq!(task["exitCode"], 3, "{task:#}");
            }
            if self.random.random_range(0..4) != 0 {
                // 404: it went with the try before, whose answer was lost.
                self.until_answered(&[200, 404], "DELETE", &path, None, &Value::Null);
                promise.removed = true;
            }
            promises.push((name, promise));
        }
        promises
    }

    fn submit(&self, name: &str, end: End) -> Promise {
        let body = json!({"name": name, "image": IMAGE, "command": ["sh", "-c", end.script()]});
        let task = self.until_answered(&[201], "POST", "/api/v1/tasks", Some(name), &body);
        let id = task["taskId"].as_str().unwrap().to_owned();
        Promise {
            id,
            end,
            removed: false,
        }
    }

    fn until_ended(&self, path: &str) -> Value {
        until(&format!("the end of {path}"), || {
            let answer = send(self.url, "GET", path, None, &Value::Null)?;
            assert_eq!(answer.status, 200, "it was acknowledged: {answer:?}");
            let status = answer.body["status"].as_str().unwrap();
            let ended = matches!(status, "completed" | "failed" | "stopped");
            if !ended {
                std::thread::sleep(Duration::from_millis(20));
            }
            ended.then_some(answer.body)
        })
    }

    /// Repeats it until it is answered with one of these. Reasons to repeat are a master that is
    /// down or does not know the outcome, and one that was killed after it had shown the end of the
    /// task to be removed and before it had stored it: until the worker reports that again, the
    /// task runs.
    fn until_answered(
        &self,
        expected: &[u16],
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Value {
        until(&format!("an answer to {method} {path}"), || {
            let answer = send(self.url, method, path, key, body)?;
            let status = answer.status;
            let still_runs = method == "DELETE" && answer.body["code"] == "not_ended";
            let again = status == 503 || still_runs;
            assert!(again || expected.contains(&status), "{answer:?}");
            (!again).then_some(answer.body)
        })
    }
}

/// Looks again and again until there is something.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a test's deadline")]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < DEADLINE {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("waited in vain for {what}");
}
