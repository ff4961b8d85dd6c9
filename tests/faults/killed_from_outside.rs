//! Somebody else ends a container, or the kernel does.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::cluster::Cluster;
use crate::support::docker::{IMAGE, docker};

/// Ends of containers are seen within this.
const SEEN_WITHIN: Duration = Duration::from_secs(2);

/// Submits a task that runs until it is ended, and gives it once it runs.
fn running(cluster: &Cluster, args: &[&str]) -> Value {
    let mut all = vec!["victim", "--image", IMAGE];
    all.extend(args);
    let id = cluster.run(&all);
    cluster.until_status(&id, "running")
}

/// The task as it is once its end was seen, which must not take longer than it may.
fn ended(cluster: &Cluster, task: &Value, since: Instant) -> Value {
    let ended = cluster.until_status(task["taskId"].as_str().unwrap(), "failed");
    let took = since.elapsed();
    eprintln!("{}: seen after {took:?}", ended["reason"]);
    assert!(took < SEEN_WITHIN, "seen after {took:?}: {ended:#}");
    ended
}

#[expect(clippy::disallowed_methods, reason = "what is measured")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn a_docker_kill_is_seen_at_once_and_names_the_signal() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    for (signal, code) in [("KILL", 137), ("TERM", 143)] {
        let task = running(&cluster, &["--", "sleep", "600"]);
        docker(&["kill", "-s", signal, task["containerId"].as_str().unwrap()]);
        let task = ended(&cluster, &task, now());
        assert_eq!(task["exitCode"], code, "{task:#}");
        let reason = task["reason"].as_str().unwrap();
        let said = format!("killed by signal {} (from outside podling)", code - 128);
        assert_eq!(reason, said, "{task:#}");
    }
}

#[test]
fn a_docker_rm_is_seen_at_once_and_never_taken_for_a_kill() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    for _ in 0..5 {
        let task = running(&cluster, &["--", "sleep", "600"]);
        let begun = now();
        docker(&["rm", "-f", task["containerId"].as_str().unwrap()]);
        let task = ended(&cluster, &task, begun);
        let reason = task["reason"].as_str().unwrap();
        assert_eq!(reason, "the container was removed from outside podling");
    }
    // By its policy it is made again, in the same attempt, as often as it is removed.
    let task = running(&cluster, &["--restart", "always", "--", "sleep", "600"]);
    docker(&["rm", "-f", task["containerId"].as_str().unwrap()]);
    let id = task["taskId"].as_str().unwrap();
    cluster.until("another container", |c| {
        let now = c.task(id);
        now["status"] == "running"
            && now["restartCount"] == 1
            && now["containerId"] != task["containerId"]
    });
    assert_eq!(cluster.task(id)["attempt"], 1);
    assert_eq!(cluster.containers(&["status=running"]).len(), 1);
}

#[test]
fn want_of_memory_is_seen_at_once_and_told_from_a_kill() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    for script in ["exec tail /dev/zero", "tail /dev/zero"] {
        let command = format!("until [ -e /tmp/go ]; do sleep 0.05; done; {script}");
        let task = running(&cluster, &["--memory", "8Mi", "--", "sh", "-c", &command]);
        docker(&[
            "exec",
            task["containerId"].as_str().unwrap(),
            "touch",
            "/tmp/go",
        ]);
        let task = ended(&cluster, &task, now());
        assert_eq!(task["exitCode"], 137, "{task:#}");
        let reason = task["reason"].as_str().unwrap();
        assert!(reason.starts_with("out of memory"), "{task:#}");
    }
}
