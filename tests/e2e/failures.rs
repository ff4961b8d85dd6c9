//! What fails has a clear end.

use crate::support::cluster::{Cluster, free_port};
use crate::support::docker::{IMAGE, docker};
use crate::support::process::tied;

fn failed(cluster: &Cluster, args: &[&str]) -> String {
    let id = cluster.run(args);
    let task = cluster.until_status(&id, "failed");
    task["error"]
        .as_str()
        .unwrap_or_else(|| panic!("no error: {task:#}"))
        .to_owned()
}

#[test]
fn an_unknown_image_fails_by_name() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let image = "podling-test:there-is-no-such-tag";
    let error = failed(&cluster, &["nothing", "--image", image, "--pull", "never"]);
    assert!(error.contains(image), "{error}");
    assert!(cluster.containers(&[]).is_empty());
}

#[test]
fn a_registry_that_refuses_is_named() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let image = format!("127.0.0.1:{}/team/app:1", free_port());
    let error = failed(&cluster, &["refused", "--image", &image]);
    assert!(error.contains(&image), "{error}");
}

#[test]
fn a_bad_command_fails_by_name() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let error = failed(
        &cluster,
        &["bad", "--image", IMAGE, "--", "/no/such/program"],
    );
    assert!(error.contains("/no/such/program"), "{error}");
    assert!(cluster.containers(&["status=running"]).is_empty());
}

#[test]
fn a_host_port_in_use_is_named() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let publish = format!("127.0.0.1:{port}:80");
    let error = failed(
        &cluster,
        &["web", "--image", IMAGE, "-p", &publish, "--", "sleep", "9"],
    );
    assert!(error.contains(&port.to_string()), "{error}");
}

#[test]
fn two_tasks_never_share_a_host_port() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let publish = format!("127.0.0.1:{}:80", free_port());
    let first = cluster.run(&[
        "one", "--image", IMAGE, "-p", &publish, "--", "sleep", "600",
    ]);
    let second = cluster.run(&[
        "two", "--image", IMAGE, "-p", &publish, "--", "sleep", "600",
    ]);
    cluster.until_status(&first, "running");
    let task = cluster.task(&second);
    assert_eq!(task["status"], "pending");
    assert!(
        task["schedulingError"].as_str().unwrap().contains("port"),
        "{task:#}"
    );
}

#[test]
fn a_container_killed_from_outside_is_seen_and_named() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let id = cluster.run(&["victim", "--image", IMAGE, "--", "sleep", "600"]);
    let task = cluster.until_status(&id, "running");
    docker(&["kill", task["containerId"].as_str().unwrap()]);
    let task = cluster.until_status(&id, "failed");
    assert_eq!(task["exitCode"], 137);

    let id = cluster.run(&["removed", "--image", IMAGE, "--", "sleep", "600"]);
    let task = cluster.until_status(&id, "running");
    docker(&["rm", "-f", task["containerId"].as_str().unwrap()]);
    let task = cluster.until_status(&id, "failed");
    assert!(
        task["error"].as_str().unwrap().contains("outside"),
        "{task:#}"
    );
}

#[test]
fn without_a_docker_engine_the_worker_registers_as_degraded() {
    let cluster = Cluster::start();
    // A worker of its own, because `start_worker` has no place for a broken environment.
    let port = free_port().to_string();
    let mut command = tied(cluster.podling());
    command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    command.args(["worker", "--node-id", &cluster.node("x"), "--port", &port]);
    let mut worker = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    cluster.until("a degraded node", |c| {
        c.json(&["nodes"])[0]["condition"] == "degraded"
    });
    let id = cluster.run(&["waits", "--image", IMAGE, "--", "true"]);
    assert_eq!(cluster.task(&id)["status"], "pending");
    let nodes = cluster.stdout(&["nodes"]);
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(nodes.contains("degraded"), "{nodes}");
}
