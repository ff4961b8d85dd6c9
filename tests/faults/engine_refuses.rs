//! The Docker Engine answers every call with 500.

use std::time::Duration;

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

    // What can't be done while the engine refuses: make a container, or pull an image.
    for pull in ["missing", "always"] {
        engine.set(Mode::Refuse);
        // Sent before the worker or the master knows.
        let caught = cluster.run(&[
            "caught", "--image", IMAGE, "--pull", pull, "--", "sleep", "600",
        ]);
        cluster.until("the node to be degraded, and why", |c| {
            let node = c.node_json("a");
            let why = node["reason"].as_str().unwrap_or_default();
            node["condition"] == "degraded" && why.contains("out of order")
        });
        let waits = cluster.run(&["waits", "--image", IMAGE, "--", "sleep", "600"]);
        assert_eq!(cluster.task(&waits)["status"], "pending");
        // Long enough for it to be tried again and again.
        for _ in 0..30 {
            assert_eq!(cluster.task(&runs)["status"], "running");
            let task = cluster.task(&caught);
            assert_eq!(
                task["status"], "scheduled",
                "sent, and not failed: {task:#}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        engine.set(Mode::PassOn);

        cluster.until("the node to be ready", |c| {
            c.node_json("a")["condition"] == "ready"
        });
        cluster.until_status(&waits, "running");
        if pull == "missing" {
            cluster.until_status(&caught, "running");
        } else {
            // There is no registry to pull it from: now that is what is told.
            let refused = cluster.until_status(&caught, "failed");
            let error = refused["error"].as_str().unwrap();
            assert!(error.contains("registry"), "{refused:#}");
        }
    }
    assert_eq!(cluster.task(&runs)["containerId"], before["containerId"]);
    assert_eq!(cluster.containers(&["status=running"]).len(), 4);
}
