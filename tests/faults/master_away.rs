//! The master is away, for longer than a node may be silent.

use std::time::Duration;

use crate::support::cluster::Cluster;
use crate::support::docker::{IMAGE, docker};

#[test]
fn while_the_master_is_away_containers_run_are_restarted_and_their_ends_kept() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    cluster.start_worker("b", &[]);
    let steady: Vec<String> = (0..2)
        .map(|n| {
            cluster.run(&[
                &format!("steady-{n}"),
                "--image",
                IMAGE,
                "--",
                "sleep",
                "600",
            ])
        })
        .collect();
    let run = |args: &[&str]| {
        let mut all = vec!["task", "--image", IMAGE];
        all.extend(args);
        cluster.run(&all)
    };
    let service = run(&[
        "--restart",
        "always",
        "--",
        "sh",
        "-c",
        "echo begins; sleep 1; exit 3",
    ]);
    let ends = run(&["--", "sh", "-c", "sleep 3; exit 5"]);
    let before: Vec<_> = steady
        .iter()
        .map(|id| cluster.until_status(id, "running"))
        .collect();
    cluster.until_status(&ends, "running");
    let container = cluster.until_status(&service, "running")["containerId"]
        .as_str()
        .unwrap()
        .to_owned();

    cluster.kill_master();
    let starts = || docker(&["logs", &container]).lines().count();
    let first = starts();
    // Two more restarts take longer than the node timeout of 3 s, by their back-off.
    cluster.until("the service to be restarted twice", |_| {
        starts() >= first + 2
    });
    let filter = format!("label=podling.task={ends}");
    let exited = [
        "ps",
        "-a",
        "-q",
        "--filter",
        "status=exited",
        "--filter",
        &filter,
    ];
    cluster.until("the other one to end", |_| !docker(&exited).is_empty());
    cluster.start_master();

    let ended = cluster.until_status(&ends, "failed");
    assert_eq!(
        (&ended["exitCode"], &ended["attempt"]),
        (&5.into(), &1.into()),
        "{ended:#}"
    );
    cluster.until("the restarts to be told", |c| {
        c.task(&service)["restartCount"].as_u64() >= Some(2)
    });
    for (id, before) in steady.iter().zip(before) {
        let now = cluster.task(id);
        assert_eq!(
            (&now["status"], &now["containerId"], &now["attempt"]),
            (
                &before["status"],
                &before["containerId"],
                &before["attempt"]
            )
        );
    }
    // Nobody was lost by it, also not when as much time again has passed.
    std::thread::sleep(Duration::from_secs(4));
    for name in ["a", "b"] {
        assert_eq!(cluster.node_json(name)["status"], "online");
    }
    // All of this master: its stream of events began with it.
    let given_up = ["nodeOffline", "nodeUnreachable", "taskRescheduled"];
    let events = cluster.events();
    assert!(!events.is_empty(), "the end it was told is one");
    for event in &events {
        let kind = event["kind"].as_str().unwrap();
        assert!(!given_up.contains(&kind), "{events:#?}");
    }
    assert_eq!(cluster.task(&service)["attempt"], 1);
}
