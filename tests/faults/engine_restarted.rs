//! The Docker Engine is stopped for a while, killed, and started again.

use std::time::{Duration, Instant};

use crate::support::cluster::Cluster;
use crate::support::docker::IMAGE;
use crate::support::engine::Engine;

/// A cluster whose only worker uses this engine.
fn on(engine: &Engine) -> Cluster {
    let mut cluster = Cluster::start();
    cluster.start_worker_on("a", &[], &[("DOCKER_HOST", &engine.host())]);
    cluster.until("the node to be ready", |c| {
        c.node_json("a")["condition"] == "ready"
    });
    cluster
}

fn until_degraded(cluster: &Cluster) -> String {
    cluster.until("the node to be degraded", |c| {
        c.node_json("a")["condition"] == "degraded"
    });
    cluster.node_json("a")["reason"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn waits_for_the_engine(cluster: &Cluster) -> String {
    let id = cluster.run(&["waits", "--image", IMAGE, "--", "sleep", "600"]);
    let task = cluster.task(&id);
    assert_eq!(task["status"], "pending", "{task:#}");
    let why = task["schedulingError"].as_str().unwrap().to_owned();
    assert!(why.contains("engine") || why.contains("degraded"), "{why}");
    id
}

/// Looks again and again, for so long, that none of these tasks has another status.
fn stays(cluster: &Cluster, ids: &[&String], status: &str, seconds: u64) {
    #[expect(clippy::disallowed_methods, reason = "the window that is looked at")]
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) {
        for id in ids {
            let task = cluster.task(id);
            assert_eq!(task["status"], status, "{task:#}\n{}", cluster.all_logs());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn with_live_restore_an_engine_that_was_away_has_the_same_containers() {
    let mut engine = Engine::start(true);
    let cluster = on(&engine);
    let stays_up = cluster.run(&["stays", "--image", IMAGE, "--", "sleep", "600"]);
    let service = cluster.run(&[
        "service",
        "--image",
        IMAGE,
        "--restart",
        "always",
        "--",
        "sleep",
        "600",
    ]);
    let ends = cluster.run(&[
        "ends",
        "--image",
        IMAGE,
        "--",
        "sh",
        "-c",
        "sleep 4; exit 4",
    ]);
    let ids = [&stays_up, &service];
    let running = ids.map(|id| cluster.until_status(id, "running"));
    cluster.until_status(&ends, "running");
    let container = |task: &serde_json::Value| task["containerId"].as_str().unwrap().to_owned();
    let before = running
        .each_ref()
        .map(|task| engine.started_at(&container(task)));

    for (round, how) in [Engine::stop, Engine::kill].into_iter().enumerate() {
        how(&mut engine);
        let why = until_degraded(&cluster);
        assert!(why.contains("engine"), "{why}");
        let waits = waits_for_the_engine(&cluster);
        stays(&cluster, &ids, "running", 4);
        engine.start_again();
        cluster.until_status(&waits, "running");
        assert_eq!(cluster.node_json("a")["condition"], "ready");
        if round == 0 {
            let ended = cluster.until_status(&ends, "failed");
            assert_eq!(ended["exitCode"], 4, "{ended:#}");
        }
        stays(&cluster, &ids, "running", 1);
    }
    for (id, (task, before)) in ids.iter().zip(running.iter().zip(&before)) {
        assert_eq!(engine.started_at(&container(task)), *before);
        let now = cluster.task(id);
        assert_eq!(
            (&now["attempt"], &now["restartCount"], &now["containerId"]),
            (&1.into(), &0.into(), &task["containerId"])
        );
    }
}

#[test]
fn without_live_restore_what_ended_with_its_engine_is_told_or_started_again() {
    let mut engine = Engine::start(false);
    let cluster = on(&engine);
    for how in [Engine::stop, Engine::kill] {
        let once = cluster.run(&["once", "--image", IMAGE, "--", "sleep", "600"]);
        let service = cluster.run(&[
            "service",
            "--image",
            IMAGE,
            "--restart",
            "always",
            "--",
            "sleep",
            "600",
        ]);
        cluster.until_status(&once, "running");
        let before = cluster.until_status(&service, "running");

        how(&mut engine);
        until_degraded(&cluster);
        engine.start_again();

        // It did end: that is the truth, and no container of it runs.
        let ended = cluster.until_status(&once, "failed");
        assert!(
            [137, 143].contains(&ended["exitCode"].as_i64().unwrap_or_default()),
            "{ended:#}"
        );
        cluster.until("the service to be started again", |c| {
            c.task(&service)["restartCount"] == 1
        });
        let after = cluster.until_status(&service, "running");
        assert_eq!(
            (&after["attempt"], &after["containerId"]),
            (&1.into(), &before["containerId"]),
            "{after:#}"
        );
        let running = engine.docker(&["ps", "-q", "--no-trunc"]);
        assert_eq!(running, before["containerId"].as_str().unwrap());
        cluster.stdout(&["rm", "-f", &service]);
    }
}

#[test]
fn a_frozen_engine_fails_nothing_and_goes_on_when_it_is_thawed() {
    let engine = Engine::start(false);
    let cluster = on(&engine);
    let runs = cluster.run(&["runs", "--image", IMAGE, "--", "sleep", "600"]);
    let before = cluster.until_status(&runs, "running");
    let container = before["containerId"].as_str().unwrap();
    let started = engine.started_at(container);

    engine.freeze();
    // The worker does not know yet: it is asked to make a container, and does not get an answer.
    let caught = cluster.run(&["caught", "--image", IMAGE, "--", "sleep", "600"]);
    assert_eq!(cluster.task(&caught)["status"], "scheduled");
    let why = until_degraded(&cluster);
    assert!(why.contains("did not answer within"), "{why}");
    let waits = waits_for_the_engine(&cluster);
    stays(&cluster, &[&runs], "running", 2);
    stays(&cluster, &[&caught], "scheduled", 1);
    engine.thaw();

    for id in [&caught, &waits, &runs] {
        let task = cluster.until_status(id, "running");
        assert_eq!(task["attempt"], 1, "{task:#}");
    }
    cluster.until("the node to be ready", |c| {
        c.node_json("a")["condition"] == "ready"
    });
    assert_eq!(engine.started_at(container), started);
    assert_eq!(engine.docker(&["ps", "-a", "-q"]).lines().count(), 3);
}
