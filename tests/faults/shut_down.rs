//! Master and worker are told to end while there is much to do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::docker::IMAGE;

/// As `Cluster` starts its workers.
const WORKER_TIMEOUT: Duration = Duration::from_secs(5);
/// What ending the process itself may take beyond the timeout.
const MARGIN: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "what is measured")]
fn now() -> Instant {
    Instant::now()
}

/// Twenty tasks that run: services, jobs that end in time, some that never do, some that ignore
/// SIGTERM.
fn twenty(cluster: &Cluster) -> Vec<String> {
    let kinds: [(&str, &[&str], &str); 4] = [
        ("service", &["--restart", "always"], "exec sleep 600"),
        ("job", &[], "sleep 2; exit 0"),
        ("endless", &[], "exec sleep 600"),
        ("stubborn", &[], "trap '' TERM; while :; do sleep 1; done"),
    ];
    let ids: Vec<String> = (0..20)
        .map(|n| {
            let (name, options, script) = kinds[n % kinds.len()];
            let mut args = vec![name, "--image", IMAGE];
            args.extend(options);
            args.extend(["--", "sh", "-c", script]);
            cluster.run(&args)
        })
        .collect();
    cluster.until("all to have started", |c| {
        c.tasks().iter().all(|task| task["startedAt"].is_string())
    });
    ids
}

fn statuses(cluster: &Cluster, name: &str) -> Vec<Value> {
    let tasks = cluster.tasks();
    let named = tasks.iter().filter(|task| task["name"] == name);
    named.map(|task| task["status"].clone()).collect()
}

#[test]
fn a_worker_ends_in_its_time_with_everything_stopped_and_told() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    twenty(&cluster);
    let begun = now();
    cluster.signal_worker("a", Signal::SIGTERM);
    // New work keeps coming while it ends.
    let late = cluster.run(&["late", "--image", IMAGE, "--", "sleep", "600"]);
    assert_eq!(cluster.worker_exit("a"), Some(0), "{}", cluster.all_logs());
    let took = begun.elapsed();
    assert!(
        took <= WORKER_TIMEOUT + MARGIN,
        "it took {took:?}\n{}",
        cluster.all_logs()
    );
    eprintln!("the worker ended {took:?} after SIGTERM");

    assert!(cluster.containers(&["status=running"]).is_empty());
    assert_eq!(statuses(&cluster, "job"), vec!["completed"; 5]);
    // What did not end by itself waits for another node.
    for name in ["service", "endless", "stubborn"] {
        assert_eq!(statuses(&cluster, name), vec!["pending"; 5], "{name}");
    }
    assert_eq!(cluster.task(&late)["status"], "pending");
    assert_eq!(cluster.node_json("a")["status"], "offline");

    cluster.restart_worker("a");
    cluster.until("all to run again", |c| {
        ["service", "endless", "stubborn"]
            .iter()
            .all(|name| statuses(c, name) == vec!["running"; 5])
    });
    each_container_is_of_a_task(&cluster, 15 + 1);
}

#[test]
fn a_worker_without_a_master_ends_in_its_time_too() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    twenty(&cluster);
    cluster.kill_master();
    let begun = now();
    cluster.signal_worker("a", Signal::SIGTERM);
    assert_eq!(cluster.worker_exit("a"), Some(0), "{}", cluster.all_logs());
    let took = begun.elapsed();
    assert!(
        took <= WORKER_TIMEOUT + MARGIN,
        "it took {took:?}\n{}",
        cluster.all_logs()
    );
    assert!(cluster.containers(&["status=running"]).is_empty());
    // The ends nobody was told of are told by the next one.
    cluster.start_master();
    cluster.restart_worker("a");
    cluster.until("the ends to be told", |c| {
        statuses(c, "job") == vec!["completed"; 5]
    });
}

#[test]
fn a_second_signal_ends_a_worker_at_once_and_its_containers_are_adopted() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let endless = ["--", "sleep", "600"];
    let mut ids = Vec::new();
    for _ in 0..5 {
        let mut args = vec!["endless", "--image", IMAGE];
        args.extend(endless);
        ids.push(cluster.run(&args));
    }
    let before: Vec<Value> = ids
        .iter()
        .map(|id| cluster.until_status(id, "running"))
        .collect();
    cluster.signal_worker("a", Signal::SIGTERM);
    cluster.until("the node to drain", |c| {
        c.node_json("a")["condition"] == "draining"
    });
    let begun = now();
    cluster.signal_worker("a", Signal::SIGTERM);
    assert_eq!(cluster.worker_exit("a"), Some(1));
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(cluster.containers(&["status=running"]).len(), 5);

    cluster.restart_worker("a");
    cluster.until("the node to take tasks again", |c| {
        c.node_json("a")["condition"] == "ready"
    });
    for (id, before) in ids.iter().zip(before) {
        let task = cluster.until_status(id, "running");
        assert_eq!(
            (&task["containerId"], &task["attempt"]),
            (&before["containerId"], &1.into())
        );
    }
}

#[test]
fn a_master_ends_in_its_time_and_keeps_all_it_acknowledged() {
    let mut cluster = Cluster::start_on(&[
        ("PODLING_MASTER_STORE", "sqlite"),
        ("PODLING_MASTER_SHUTDOWN_TIMEOUT", "2s"),
    ]);
    cluster.start_worker("a", &[]);
    let followed = cluster.run(&[
        "talks",
        "--image",
        IMAGE,
        "--",
        "sh",
        "-c",
        "while :; do echo; sleep 0.1; done",
    ]);
    cluster.until_status(&followed, "running");
    let acknowledged = Mutex::new(Vec::new());
    let last_error = Mutex::new(String::new());
    let enough = AtomicBool::new(false);
    let port = cluster.port;
    // Streams that would go on for ever, and a request that never comes to its end.
    let streams = [
        format!("GET /api/v1/tasks/{followed}/logs?follow=true HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n".into(),
        "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{".into(),
    ];
    let streams = streams.map(|request| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    });
    std::thread::scope(|scope| {
        // Also when something is not as it should be: the clients have to end.
        let _enough = Raised(&enough);
        for client in 0..16 {
            let (acknowledged, enough, last_error) = (&acknowledged, &enough, &last_error);
            scope.spawn(move || {
                let url = format!("http://127.0.0.1:{port}/api/v1/tasks");
                let config = ureq::Agent::config_builder()
                    .timeout_global(Some(Duration::from_secs(10)))
                    .build();
                let agent = ureq::Agent::new_with_config(config);
                for n in 0.. {
                    if enough.load(Ordering::SeqCst) {
                        break;
                    }
                    // Too large for any node: what is of interest is the record.
                    let task = json!({"name": format!("c{client}-{n}"), "image": IMAGE,
                        "resources": {"requests": {"memory": "9000Gi"}}});
                    match agent.post(&url).send_json(&task) {
                        Ok(mut answer) => {
                            let task: Value = answer.body_mut().read_json().unwrap();
                            let id = task["taskId"].as_str().unwrap().to_owned();
                            acknowledged.lock().unwrap().push(id);
                        }
                        Err(error) => {
                            *last_error.lock().unwrap() = error.to_string();
                            std::thread::sleep(Duration::from_millis(20));
                        }
                    }
                }
            });
        }
        cluster.until("some to be acknowledged", |_| {
            let count = acknowledged.lock().unwrap().len();
            let error = last_error.lock().unwrap();
            assert!(error.is_empty(), "after {count}: {error}");
            count > 100
        });
        let begun = now();
        cluster.signal_master(Signal::SIGTERM);
        let code = cluster.master_exit();
        let took = begun.elapsed();
        assert_eq!(code, Some(0), "{}", cluster.all_logs());
        assert!(took <= Duration::from_secs(2) + MARGIN, "it took {took:?}");
        eprintln!("the master ended {took:?} after SIGTERM");
    });
    for mut stream in streams {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    cluster.start_master();
    let tasks = cluster.tasks();
    for id in acknowledged.into_inner().unwrap() {
        let found = tasks.iter().filter(|task| task["taskId"] == id.as_str());
        assert_eq!(found.count(), 1, "{id}");
    }
    assert_eq!(cluster.task(&followed)["status"], "running");
}

#[test]
fn a_second_signal_ends_a_master_at_once() {
    let mut cluster = Cluster::start();
    let mut stream = TcpStream::connect(("127.0.0.1", cluster.port)).unwrap();
    stream
        .write_all(b"POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        .unwrap();
    // Told to go on, it waits for the rest: a request the shutdown has to wait for. One it had not
    // begun to read would not hold it up.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    cluster.signal_master(Signal::SIGTERM);
    cluster.until("it to shut down", |c| {
        c.all_logs().contains("shutting down")
    });
    let begun = now();
    cluster.signal_master(Signal::SIGTERM);
    assert_eq!(cluster.master_exit(), Some(1));
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
    cluster.start_master();
}

/// Raises a flag when it is dropped.
struct Raised<'a>(&'a AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// So many containers run, each of them a task's current one.
fn each_container_is_of_a_task(cluster: &Cluster, count: usize) {
    let running: Vec<Value> = cluster
        .tasks()
        .into_iter()
        .filter(|task| task["status"] == "running")
        .map(|task| task["containerId"].clone())
        .collect();
    let containers = cluster.containers(&["status=running"]);
    assert_eq!(containers.len(), count);
    for container in containers {
        assert!(
            running.contains(&container.clone().into()),
            "{container} is nobody's"
        );
    }
}
