//! The Docker Engine answers every call with 500.

use crate::support::cluster::Cluster;
use crate::support::docker::IMAGE;
use crate::support::engine_gate::{EngineGate, Mode};

#[test]
fn an_engine_that_answers_everything_with_500_is_to_blame_and_no_task_is() {
    let engine = EngineGate::start();
    let mut cluster = Cluster::start();
    cluster.start_worker_on("a", &[], &[("DOCKER_HOST", &engine.host())]);
    cluster.until("the node to be ready", |c| {
        c.node_json("a")["condition"] == "ready"
    });
    let runs = cluster.run(&["runs", "--image", IMAGE, "--", "sleep", "600"]);
    let before = cluster.until_status(&runs, "running");

    engine.set(Mode::Refuse);
    // Sent before the worker or the master knows: its container can't be made, nor its image pulled.
    let caught = ["missing", "always"].map(|pull| {
        cluster.run(&[
            "caught", "--image", IMAGE, "--pull", pull, "--", "sleep", "600",
        ])
    });
    cluster.until("the node to be degraded, and why", |c| {
        let node = c.node_json("a");
        let why = node["reason"].as_str().unwrap_or_default();
        node["condition"] == "degraded" && why.contains("out of order")
    });
    let waits = cluster.run(&["waits", "--image", IMAGE, "--", "sleep", "600"]);
    assert_eq!(cluster.task(&waits)["status"], "pending");
    // Long enough for each of them to be tried again and again.
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(cluster.task(&runs)["status"], "running");
    for id in &caught {
        let task = cluster.task(id);
        assert!(
            task["status"] == "scheduled" || task["status"] == "pending",
            "{task:#}"
        );
    }
    engine.set(Mode::PassOn);

    cluster.until("the node to be ready", |c| {
        c.node_json("a")["condition"] == "ready"
    });
    for id in [&waits, &caught[0]] {
        cluster.until_status(id, "running");
    }
    // There is no registry to pull it from: now that is what is told.
    let refused = cluster.until_status(&caught[1], "failed");
    assert!(
        refused["error"].as_str().unwrap().contains("registry"),
        "{refused:#}"
    );
    assert_eq!(cluster.task(&runs)["containerId"], before["containerId"]);
    assert_eq!(cluster.containers(&["status=running"]).len(), 3);
}
