//! The life of a task, as a user sees it.

use crate::support::cluster::Cluster;
use crate::support::docker::IMAGE;

#[test]
fn a_task_runs_and_its_log_and_exit_code_come_back() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let output = cluster.output(&[
        "run",
        "hello",
        "--image",
        IMAGE,
        "-e",
        "WHO=world",
        "--follow",
        "--",
        "sh",
        "-c",
        "echo hello $WHO; echo oops >&2; exit 7",
    ]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(7),
        "{stdout}\n{}",
        cluster.all_logs()
    );
    assert!(stdout.contains("hello world"), "{stdout}");

    let id = cluster.tasks()[0]["taskId"].as_str().unwrap().to_owned();
    let task = cluster.until_status(&id, "failed");
    assert_eq!(task["exitCode"], 7);
    assert_eq!(task["attempt"], 1);
    let log = cluster.stdout(&["logs", "hello", "--tail", "all"]);
    assert!(
        log.contains("hello world\n") && log.contains("oops\n"),
        "{log:?}"
    );
    assert!(
        log.bytes().all(|byte| byte == b'\n' || byte >= b' '),
        "frame headers: {log:?}"
    );
}

#[test]
fn a_stopped_task_ends_as_stopped_and_rm_takes_its_container() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let id = cluster.run(&["sleeper", "--image", IMAGE, "--", "sleep", "600"]);
    cluster.until_status(&id, "running");

    assert!(
        !cluster.succeeds(&["rm", &id]),
        "rm of a running task needs -f"
    );
    cluster.stdout(&["stop", &id]);
    cluster.until_status(&id, "stopped");
    assert_eq!(cluster.containers(&[]).len(), 1, "the log stays readable");
    cluster.stdout(&["rm", "sleeper"]);
    assert!(cluster.tasks().is_empty());
    cluster.until("its container to go", |c| c.containers(&[]).is_empty());
}

#[test]
fn rm_f_kills_a_running_task_and_its_container() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let id = cluster.run(&["sleeper", "--image", IMAGE, "--", "sleep", "600"]);
    cluster.until_status(&id, "running");
    cluster.stdout(&["rm", "-f", &id[..18]]);
    cluster.until("the task to be forgotten", |c| c.tasks().is_empty());
    cluster.until("its container to go", |c| c.containers(&[]).is_empty());
}

#[test]
fn a_task_without_room_says_why_and_runs_when_there_is_some() {
    let mut cluster = Cluster::start();
    let output = cluster.output(&["run", "first", "--image", IMAGE, "--", "sleep", "600"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no nodes"), "{said}");
    cluster.start_worker("a", &["--capacity", "1"]);
    let first = cluster.tasks()[0]["taskId"].as_str().unwrap().to_owned();
    cluster.until_status(&first, "running");

    let second = cluster.run(&["second", "--image", IMAGE, "--", "true"]);
    assert!(
        cluster.stdout(&["ps"]).contains("no free slot"),
        "{}",
        cluster.stdout(&["ps"])
    );
    cluster.stdout(&["stop", &first]);
    cluster.until_status(&second, "completed");
}

#[test]
fn a_failing_container_is_restarted_by_its_policy() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let id = cluster.run(&[
        "flaky",
        "--image",
        IMAGE,
        "--restart",
        "on-failure",
        "--",
        "sh",
        "-c",
        "test -e /tried && exit 0; : > /tried; exit 3",
    ]);
    let task = cluster.until_status(&id, "completed");
    assert_eq!(task["restartCount"], 1);
    assert_eq!(task["attempt"], 1);
    assert_eq!(cluster.containers(&[]).len(), 1, "restarted, not made anew");
}

#[test]
fn tasks_alternate_between_equal_nodes() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    cluster.start_worker("b", &[]);
    for n in 0..4 {
        cluster.run(&[&format!("task-{n}"), "--image", IMAGE, "--", "sleep", "600"]);
    }
    let nodes: Vec<_> = cluster
        .tasks()
        .iter()
        .map(|task| task["nodeId"].clone())
        .collect();
    assert_eq!(nodes[0], nodes[2]);
    assert_eq!(nodes[1], nodes[3]);
    assert_ne!(nodes[0], nodes[1]);
}

#[test]
fn a_drained_node_is_emptied_and_its_tasks_go_on_elsewhere() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let id = cluster.run(&["mover", "--image", IMAGE, "--", "sleep", "600"]);
    cluster.until_status(&id, "running");
    cluster.start_worker("b", &[]);
    cluster.stdout(&["drain", &cluster.node("a"), "--deadline", "0s"]);
    let b = cluster.node("b");
    cluster.until("the task to run on the other node", |c| {
        let task = c.task(&id);
        task["nodeId"] == b.as_str() && task["status"] == "running"
    });
    assert_eq!(cluster.task(&id)["attempt"], 2);
    cluster.until("one container to run", |c| {
        c.containers(&["status=running"]).len() == 1
    });
    cluster.stdout(&["uncordon", &cluster.node("a")]);
}
