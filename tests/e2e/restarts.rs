//! Processes are killed and started again: nothing acknowledged is lost, nothing runs twice.

use std::collections::BTreeSet;

use crate::support::cluster::Cluster;
use crate::support::docker::IMAGE;
use crate::support::postgres::Postgres;

/// Kills everything with SIGKILL, starts it again, and compares tasks and containers.
fn everything_killed(mut cluster: Cluster) {
    cluster.start_worker("a", &[]);
    let done = cluster.run(&["done", "--image", IMAGE, "--wait", "--", "echo", "kept"]);
    let sleeper = cluster.run(&["sleeper", "--image", IMAGE, "--", "sleep", "600"]);
    let short = cluster.run(&[
        "short",
        "--image",
        IMAGE,
        "--",
        "sh",
        "-c",
        "sleep 2; exit 5",
    ]);
    let before = cluster.until_status(&sleeper, "running");
    cluster.until_status(&short, "running");

    cluster.kill_worker("a");
    cluster.kill_master();
    let containers: BTreeSet<_> = cluster.containers(&[]).into_iter().collect();
    cluster.start_master();
    assert_eq!(cluster.tasks().len(), 3, "nothing acknowledged is lost");
    cluster.restart_worker("a");

    let task = cluster.until_status(&short, "failed");
    assert_eq!(
        task["exitCode"], 5,
        "what ended meanwhile is reported with its exit code"
    );
    let after = cluster.until_status(&sleeper, "running");
    assert_eq!(
        after["containerId"], before["containerId"],
        "adopted, not started again"
    );
    assert_eq!(after["attempt"], 1);
    assert_eq!(cluster.task(&done)["status"], "completed");
    assert!(cluster.stdout(&["logs", &done]).contains("kept"));
    assert_eq!(containers, cluster.containers(&[]).into_iter().collect());
}

#[test]
fn everything_killed_on_sqlite_comes_back() {
    everything_killed(Cluster::start());
}

#[test]
fn everything_killed_on_postgres_comes_back() {
    let postgres = Postgres::shared();
    let url = postgres.new_database();
    everything_killed(Cluster::start_on(&[
        ("STORE_TYPE", "postgres"),
        ("DATABASE_URL", &url),
    ]));
}

#[test]
fn a_worker_killed_at_any_moment_makes_no_second_container() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let mut ids = Vec::new();
    for n in 0..8 {
        ids.push(cluster.run(&[&format!("t{n}"), "--image", IMAGE, "--", "sleep", "600"]));
        // Each round kills the worker a little later in the life of the task.
        std::thread::sleep(std::time::Duration::from_millis(40 * n));
        cluster.kill_worker("a");
        cluster.restart_worker("a");
    }
    for id in &ids {
        let task = cluster.until_status(id, "running");
        assert_eq!(task["attempt"], 1, "{task:#}");
    }
    assert_eq!(cluster.containers(&[]).len(), ids.len());
}

#[test]
fn a_master_killed_while_clients_submit_loses_nothing_and_doubles_nothing() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let acknowledged = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let mut command = cluster.podling();
                scope.spawn(move || {
                    let mut ids = Vec::new();
                    for n in 0..6 {
                        let mut run = std::process::Command::new(command.get_program());
                        run.current_dir(command.get_current_dir().unwrap());
                        for (key, value) in command.get_envs() {
                            match value {
                                Some(value) => run.env(key, value),
                                None => run.env_remove(key),
                            };
                        }
                        let name = format!("c{client}-{n}");
                        run.args(["run", &name, "--image", IMAGE, "--", "sleep", "600"]);
                        let output = run.output().unwrap();
                        if output.status.success() {
                            let id = String::from_utf8(output.stdout).unwrap();
                            ids.push(id.split_whitespace().next().unwrap().to_owned());
                        }
                    }
                    command.env("DONE", "1");
                    ids
                })
            })
            .collect();
        for _ in 0..4 {
            std::thread::sleep(std::time::Duration::from_millis(150));
            cluster.kill_master();
            cluster.start_master();
        }
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(!acknowledged.is_empty());
    for id in &acknowledged {
        cluster.until_status(id, "running");
    }
    let names: Vec<String> = cluster
        .tasks()
        .iter()
        .map(|task| task["name"].as_str().unwrap().to_owned())
        .collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(
        distinct.len(),
        names.len(),
        "a retried submission made a second task: {names:?}"
    );
    let count = cluster.tasks().len();
    cluster.until("one container a task", |c| {
        c.containers(&["status=running"]).len() == count && c.containers(&[]).len() == count
    });
}

#[test]
fn sigterm_ends_master_and_worker_with_0_and_leaves_no_container_running() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let id = cluster.run(&[
        "service",
        "--image",
        IMAGE,
        "--restart",
        "always",
        "--",
        "sleep",
        "600",
    ]);
    cluster.until_status(&id, "running");
    assert_eq!(
        cluster.terminate_worker("a"),
        Some(0),
        "{}",
        cluster.all_logs()
    );
    assert!(cluster.containers(&["status=running"]).is_empty());
    let task = cluster.until_status(&id, "pending");
    assert!(task["schedulingError"].is_string(), "{task:#}");
    cluster.restart_worker("a");
    let task = cluster.until_status(&id, "running");
    assert_eq!(task["attempt"], 2, "evicted and placed again");
    assert_eq!(
        cluster.terminate_master(),
        Some(0),
        "{}",
        cluster.all_logs()
    );
}

#[test]
fn leave_running_keeps_containers_for_the_next_start() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &["--leave-running"]);
    let id = cluster.run(&["service", "--image", IMAGE, "--", "sleep", "600"]);
    let before = cluster.until_status(&id, "running");
    assert_eq!(cluster.terminate_worker("a"), Some(0));
    assert_eq!(cluster.containers(&["status=running"]).len(), 1);
    cluster.restart_worker("a");
    let after = cluster.until_status(&id, "running");
    assert_eq!(after["containerId"], before["containerId"]);
    assert_eq!(after["attempt"], 1);
}
