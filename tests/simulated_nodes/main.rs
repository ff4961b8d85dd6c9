//! `podling simulate` against a real master: real processes and real HTTP, and no Docker.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod lab;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use lab::Lab;

#[test]
fn fifty_nodes_run_two_hundred_tasks_as_drawn() {
    let mut lab = Lab::start();
    lab.simulate(&[
        "--nodes",
        "50",
        "--run-time",
        "4s..6s",
        "--fail",
        "25%",
        "--seed",
        "7",
    ]);
    lab.until_online(50);
    for n in 0..200 {
        lab.submit(&json!({ "name": format!("t{n}"), "image": "no-such-image" }));
    }
    lab.until("all 200 tasks to end", |tasks| {
        tasks.len() == 200 && tasks.iter().all(|task| !task["finishedAt"].is_null())
    });

    let mut on_node: BTreeMap<String, u32> = BTreeMap::new();
    let mut failed = 0;
    for task in lab.tasks() {
        *on_node.entry(text(&task["nodeId"])).or_default() += 1;
        match (task["status"].as_str(), task["exitCode"].as_i64()) {
            (Some("completed"), Some(0)) => {}
            (Some("failed"), Some(1)) => failed += 1,
            _ => panic!("neither done nor failed as drawn: {task:#}"),
        }
        let ran = seconds(&task["finishedAt"]) - seconds(&task["startedAt"]);
        // Reports are on their way for a while, too.
        assert!((3.5..20.0).contains(&ran), "ran for {ran} s: {task:#}");
        assert_eq!(task["attempt"], 1, "{task:#}");
    }
    assert!(
        (20..=85).contains(&failed),
        "{failed} of 200 failed, 25 % were to"
    );
    assert_eq!(on_node.len(), 50, "every node had its part: {on_node:?}");
    assert!(
        on_node.values().all(|n| (2..=6).contains(n)),
        "evenly: {on_node:?}"
    );
    assert_eq!(lab.terminate(), Some(0), "{}", lab.log());
    let left = lab
        .nodes()
        .into_iter()
        .filter(|node| node["status"] == "offline");
    assert_eq!(left.count(), 50, "all have signed off\n{}", lab.log());
}

#[test]
fn each_node_answers_at_its_own_address_and_nobody_elsewhere() {
    let mut lab = Lab::start();
    lab.simulate(&[
        "--nodes",
        "260",
        "--cpu",
        "16",
        "--labels",
        "disk=ssd,zone=a",
    ]);
    lab.until_online(260);
    let nodes = lab.nodes();
    let addresses: BTreeSet<_> = nodes.iter().map(|node| text(&node["hostname"])).collect();
    assert_eq!(addresses.len(), 260);
    for node in &nodes {
        assert_eq!(
            node["labels"],
            json!({ "disk": "ssd", "zone": "a" }),
            "{node:#}"
        );
    }
    for (address, node) in [("127.1.0.7", "sim-00007"), ("127.1.1.10", "sim-00260")] {
        let health = lab.ask(address, "/health").unwrap();
        assert_eq!((health.status, &health.body["nodeId"]), (200, &json!(node)));
    }
    for address in ["127.0.0.1", "127.1.1.11"] {
        let refused = lab.ask(address, "/health").unwrap();
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (421, &json!("no_such_node"))
        );
    }
}

#[test]
fn a_task_is_stopped_and_its_log_read_as_on_any_node() {
    let mut lab = Lab::start();
    lab.simulate(&[
        "--nodes",
        "3",
        "--run-time",
        "forever",
        "--start-latency",
        "1ms",
    ]);
    lab.until_online(3);
    let id = lab.submit(&json!({ "name": "web", "image": "any", "restartPolicy": "Always" }));
    lab.until("it to run", |tasks| tasks[0]["status"] == "running");
    let said = lab.stdout(&["logs", &id]);
    let node = text(&lab.tasks()[0]["nodeId"]);
    assert_eq!(
        said,
        format!("podling-web-{id}-1 runs on simulated node {node}\n")
    );
    lab.stdout(&["stop", &id]);
    lab.until("it to be stopped", |tasks| tasks[0]["status"] == "stopped");
    lab.stdout(&["rm", &id]);
    assert_eq!(lab.tasks(), [Value::Null; 0]);
}

#[test]
fn what_fails_is_started_again_where_its_policy_says_so() {
    let mut lab = Lab::start();
    lab.simulate(&["--nodes", "1", "--run-time", "100ms", "--fail", "100%"]);
    lab.until_online(1);
    lab.submit(&json!({ "name": "again", "image": "any", "restartPolicy": "OnFailure" }));
    lab.until("two restarts", |tasks| {
        tasks[0]["restartCount"].as_u64() >= Some(2)
    });
    assert_eq!(lab.tasks()[0]["attempt"], 1, "all on its node");
}

#[test]
fn a_killed_simulation_comes_back_as_the_same_nodes_without_their_containers() {
    let mut lab = Lab::start();
    let args = ["--nodes", "10", "--run-time", "forever"];
    lab.simulate(&args);
    lab.until_online(10);
    for n in 0..20 {
        let name = format!("s{n}");
        lab.submit(&json!({ "name": name, "image": "any", "restartPolicy": "Always" }));
    }
    let all_run = |tasks: &[Value]| tasks.iter().all(|task| task["status"] == "running");
    lab.until("all to run", all_run);
    lab.kill();
    lab.simulate(&args);
    // The master takes them for running all the time: that they are is for the nodes to say.
    lab.until("all to run again", |tasks| {
        tasks.iter().all(|task| lab.runs_there(task)) && all_run(tasks)
    });
    lab.until_online(10);
    assert_eq!(lab.nodes().len(), 10, "no node is new");
    assert_eq!(lab.tasks().len(), 20);
}

#[test]
fn nodes_wait_for_a_master_that_is_away_and_say_so_once() {
    let mut lab = Lab::without_master();
    lab.simulate(&["--nodes", "20"]);
    lab.until_logged("the master does not answer: ");
    lab.start_master();
    lab.until_online(20);
    lab.until_logged("all 20 nodes are registered");
    let log = lab.log();
    assert_eq!(log.matches("does not answer").count(), 1, "{log}");
    assert_eq!(log.matches("answers again").count(), 1, "{log}");
}

#[test]
fn a_port_in_use_ends_it_with_1_and_what_makes_no_sense_with_2() {
    let mut lab = Lab::without_master();
    lab.simulate(&["--nodes", "1"]);
    lab.until_logged("simulated nodes: 1,");
    let port = lab.port().to_string();
    for (args, code, said) in [
        (
            &["--nodes", "1", "--port", &port][..],
            1,
            "choose another with --port",
        ),
        (&["--nodes", "0"], 2, "1..=25000"),
        (&["--nodes", "25001"], 2, "1..=25000"),
        (
            &["--nodes", "1", "--run-time", "2s..1s"],
            2,
            "the shorter one",
        ),
        (
            &["--nodes", "1", "--start-latency", "soon"],
            2,
            "such as 20ms..80ms",
        ),
        (&["--nodes", "1", "--fail", "2"], 2, "such as 1% or 0.5%"),
        (&["--nodes", "1", "--cpu", "many"], 2, "cores, such as"),
        (&["--nodes", "1", "--prefix", "-"], 2, "--prefix"),
    ] {
        let output = lab.podling().arg("simulate").args(args).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn seconds(time: &Value) -> f64 {
    let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    time.as_millisecond() as f64 / 1000.0
}
