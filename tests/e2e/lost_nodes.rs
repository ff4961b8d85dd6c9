//! A worker is gone, and comes back.

use crate::support::cluster::Cluster;
use crate::support::docker::IMAGE;

#[test]
fn a_lost_nodes_tasks_run_elsewhere_and_stale_attempts_end_when_it_is_back() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let moved = cluster.run(&["moved", "--image", IMAGE, "--", "sleep", "600"]);
    cluster.until_status(&moved, "running");
    cluster.start_worker("b", &[]);

    cluster.kill_worker("a");
    let b = cluster.node("b");
    cluster.until("the task to run on the other node", |c| {
        let task = c.task(&moved);
        task["nodeId"] == b.as_str() && task["status"] == "running"
    });
    assert_eq!(cluster.task(&moved)["attempt"], 2);
    assert_eq!(
        cluster.containers(&["status=running"]).len(),
        2,
        "the old one still runs"
    );

    cluster.restart_worker("a");
    cluster.until("the stale attempt to end", |c| c.containers(&[]).len() == 1);
    let task = cluster.task(&moved);
    assert_eq!(
        (task["nodeId"].as_str(), task["status"].as_str()),
        (Some(b.as_str()), Some("running"))
    );
}

#[test]
fn a_deleted_tasks_container_goes_when_its_node_is_back() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let id = cluster.run(&["orphan", "--image", IMAGE, "--", "sleep", "600"]);
    cluster.until_status(&id, "running");
    cluster.kill_worker("a");
    let a = cluster.node("a");
    cluster.until("the node to be offline", |c| {
        c.json(&["nodes"])
            .as_array()
            .unwrap()
            .iter()
            .any(|node| node["nodeId"] == a.as_str() && node["status"] == "offline")
    });
    cluster.stdout(&["rm", "-f", &id]);
    cluster.restart_worker("a");
    cluster.until("its container to go", |c| c.containers(&[]).is_empty());
}
