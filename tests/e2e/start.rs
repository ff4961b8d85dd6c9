//! Starting: what is missing or taken is said, and what comes later is waited for.

use std::process::Stdio;

use crate::support::cluster::{Cluster, free_port};
use crate::support::docker::IMAGE;
use crate::support::process::tied;

#[test]
fn a_second_master_on_one_data_directory_says_so_and_exits_1() {
    let cluster = Cluster::start();
    let bind = format!("127.0.0.1:{}", free_port());
    let mut second = cluster.podling();
    second
        .args(["master", "--bind", &bind, "--data-dir"])
        .arg(cluster.dir.path().join("data"));
    let output = second.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("held by another master"), "{said}");
    assert!(cluster.succeeds(&["health"]), "the first one goes on");
}

#[test]
fn a_port_in_use_is_named_and_ends_the_process_with_1() {
    let cluster = Cluster::start();
    let bind = format!("127.0.0.1:{}", cluster.port);
    let output = cluster
        .podling()
        .args(["master", "--store", "memory", "--bind", &bind])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&bind), "{said}");
}

#[test]
fn a_worker_waits_for_its_master() {
    let mut cluster = Cluster::start();
    cluster.kill_master();
    let port = free_port().to_string();
    let mut command = tied(cluster.podling());
    command.args([
        "worker",
        "--node-id",
        &cluster.node("early"),
        "--port",
        &port,
    ]);
    let mut worker = command.stderr(Stdio::null()).spawn().unwrap();
    cluster.start_master();
    cluster.until("the worker to register", |c| {
        c.json(&["nodes"])[0]["status"] == "online"
    });
    worker.kill().unwrap();
    worker.wait().unwrap();
}

#[test]
fn standalone_is_a_master_and_a_worker_and_survives_a_kill() {
    // Its node id is a name of this test's, so that what is left over can be told apart.
    let mut cluster = Cluster::start();
    cluster.kill_master();
    let node = cluster.owns("standalone");
    let start = |cluster: &Cluster| {
        let mut command = tied(cluster.podling());
        command.args([
            "standalone",
            "--node-id",
            &node,
            "--port",
            &free_port().to_string(),
        ]);
        command.args([
            "--bind",
            &format!("127.0.0.1:{}", cluster.port),
            "--data-dir",
        ]);
        command
            .arg(cluster.dir.path().join("standalone"))
            .stderr(Stdio::null());
        let child = command.spawn().unwrap();
        cluster.until("standalone to be ready", |c| {
            c.json(&["nodes"])[0]["condition"] == "ready"
        });
        child
    };
    let mut first = start(&cluster);
    let id = cluster.run(&["sleeper", "--image", IMAGE, "--", "sleep", "600"]);
    let before = cluster.until_status(&id, "running");
    first.kill().unwrap();
    first.wait().unwrap();
    let mut second = start(&cluster);
    let after = cluster.until_status(&id, "running");
    assert_eq!(before["containerId"], after["containerId"]);
    cluster.stdout(&["rm", "-f", &id]);
    second.kill().unwrap();
    second.wait().unwrap();
}
