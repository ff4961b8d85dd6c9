//! A worker is gone for good, or comes back when its tasks already run elsewhere.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::cluster::Cluster;
use crate::support::docker::{IMAGE, containers_of, docker};

/// As `Cluster` starts its masters.
const NODE_TIMEOUT: Duration = Duration::from_secs(3);
/// Beyond it, until the tasks run elsewhere.
const MOVED_WITHIN: Duration = Duration::from_secs(2);
/// From the first contact on, until the stale attempts are stopped.
const STALE_FOR: Duration = Duration::from_secs(2);

/// Ends only by SIGKILL.
const STUBBORN: [&str; 4] = ["--", "sh", "-c", "trap '' TERM; while :; do sleep 1; done"];

#[expect(clippy::disallowed_methods, reason = "what is measured")]
fn now() -> Instant {
    Instant::now()
}

fn runs_on(task: &Value, node: &str) -> bool {
    task["status"] == "running" && task["nodeId"] == node
}

#[test]
fn tasks_of_a_node_that_is_gone_run_elsewhere_or_fail_with_the_reason() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let moved: Vec<String> = (0..5)
        .map(|n| {
            cluster.run(&[
                &format!("moved-{n}"),
                "--image",
                IMAGE,
                "--",
                "sleep",
                "600",
            ])
        })
        .collect();
    let once = cluster.run(&[
        "once",
        "--image",
        IMAGE,
        "--max-attempts",
        "1",
        "--",
        "sleep",
        "600",
    ]);
    for id in moved.iter().chain([&once]) {
        cluster.until_status(id, "running");
    }
    cluster.start_worker("b", &[]);
    let (a, b) = (cluster.node("a"), cluster.node("b"));

    let gone = now();
    // Its containers go later: the engine is also that of the other node, and would be busy with them.
    cluster.kill_worker("a");
    cluster.until("the tasks to run on the other node", |c| {
        let tasks = c.tasks();
        moved.iter().all(|id| {
            let task = tasks.iter().find(|task| task["taskId"] == id.as_str());
            task.is_some_and(|task| runs_on(task, &b))
        })
    });
    let took = gone.elapsed();
    assert!(took <= NODE_TIMEOUT + MOVED_WITHIN, "it took {took:?}");
    eprintln!("running elsewhere {took:?} after the kill");
    for container in containers_of(&a) {
        docker(&["rm", "-f", "-v", &container]);
    }

    for id in &moved {
        assert_eq!(cluster.task(id)["attempt"], 2);
    }
    let failed = cluster.task(&once);
    assert_eq!(failed["status"], "failed", "{failed:#}");
    assert_eq!(failed["error"], format!("node {a} lost"), "{failed:#}");
    assert_eq!(containers_of(&b).len(), moved.len(), "each of them once");
}

/// The worker falls silent by this signal, its containers go on; `back` lets it come back.
fn comes_back(silenced_by: Signal, back: fn(&mut Cluster)) {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let run = |name: &str, args: &[&str]| {
        let mut all = vec![name, "--image", IMAGE];
        all.extend(args);
        let id = cluster.run(&all);
        cluster.until_status(&id, "running");
        id
    };
    let moved = [
        run("plain", &["--", "sleep", "600"]),
        run("stubborn", &STUBBORN),
        run("service", &["--restart", "always", "--", "sleep", "600"]),
    ];
    let mut once = vec!["--max-attempts", "1"];
    once.extend(STUBBORN);
    let once = run("once", &once);
    let removed = run("removed", &STUBBORN);
    cluster.start_worker("b", &[]);
    let (a, b) = (cluster.node("a"), cluster.node("b"));

    cluster.signal_worker("a", silenced_by);
    cluster.until("the tasks to run on the other node", |c| {
        moved.iter().all(|id| runs_on(&c.task(id), &b)) && c.task(&once)["status"] == "failed"
    });
    cluster.stdout(&["rm", "-f", &removed]);
    let right = moved
        .each_ref()
        .map(|id| cluster.task(id)["containerId"].clone());
    let filter = format!("label=podling.node={a}");
    let stale = || docker(&["ps", "-q", "--filter", &filter]).lines().count();
    assert_eq!(stale(), 5, "nobody could stop them");

    back(&mut cluster);
    cluster.until("the node to be back", |c| {
        c.node_json("a")["status"] == "online"
    });
    let contact = now();
    cluster.until("the stale attempts to be stopped", |_| stale() == 0);
    let took = contact.elapsed();
    assert!(took <= STALE_FOR, "it took {took:?}");
    eprintln!("stopped {took:?} after the node was back");

    // What may not be repeated keeps its log; of all others nothing stays.
    cluster.until("the stale containers to be gone", |_| {
        containers_of(&a).len() == 1
    });
    assert_eq!(cluster.task(&once)["status"], "failed");
    let now = moved
        .each_ref()
        .map(|id| cluster.task(id)["containerId"].clone());
    assert_eq!(now, right, "untouched");
    assert_eq!(containers_of(&b).len(), moved.len());
    for id in &moved {
        let task = cluster.task(id);
        assert!(runs_on(&task, &b) && task["attempt"] == 2, "{task:#}");
        let running: Vec<Value> = cluster
            .get(&format!("/api/v1/tasks/{id}/events"))
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["kind"] == "taskRunning")
            .map(|event| event["nodeId"].clone())
            .collect();
        assert_eq!(
            running,
            [a.as_str(), b.as_str()],
            "once on each, and never again"
        );
    }
}

#[test]
fn a_restarted_worker_stops_its_stale_attempts_at_once_and_no_other() {
    comes_back(Signal::SIGKILL, |cluster| {
        cluster.worker_exit("a");
        cluster.restart_worker("a");
    });
}

#[test]
fn a_worker_that_was_only_frozen_stops_its_stale_attempts_at_once_and_no_other() {
    comes_back(Signal::SIGSTOP, |cluster| {
        cluster.signal_worker("a", Signal::SIGCONT);
    });
}
