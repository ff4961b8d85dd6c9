//! What goes wrong has a clear end.

use podling::wire::{Port, PullPolicy, Quantity, RestartPolicy, Stop};

use crate::docker::{Removed, containers_of, docker};
use crate::registry::free_port;
use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_does_not_exist_is_named() {
    let rig = Rig::start("command").await;
    let task = rig.task("nope", crate::docker::IMAGE, &["/no/such/program"]);
    let report = rig.run(&task).await;
    assert_eq!(report.status, "failed");
    let error = report.error.unwrap();
    assert!(error.starts_with("bad command:"), "{error}");
    assert!(error.contains("/no/such/program"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_nobody_has_is_named() {
    let rig = Rig::start("image").await;
    let mut task = rig.task("nope", "podling-test:no-such-tag", &["/bin/true"]);
    task.pull_policy = PullPolicy::Never;
    let report = rig.run(&task).await;
    assert_eq!(report.status, "failed");
    let error = report.error.unwrap();
    assert!(
        error.starts_with("image podling-test:no-such-tag not found"),
        "{error}"
    );
    assert_eq!(containers_of(&rig.node_id).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_does_not_answer_is_named() {
    let rig = Rig::start("registry").await;
    let image = format!("127.0.0.1:{}/nothing:latest", free_port());
    let report = rig.run(&rig.task("nope", &image, &["/bin/true"])).await;
    assert_eq!(report.status, "failed");
    let error = report.error.unwrap();
    assert!(
        error.contains(&image) && error.contains("connection refused"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_in_use_is_named_and_nothing_is_left() {
    let rig = Rig::start("port").await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut task = rig.script("web", "sleep 600");
    task.ports.push(Port {
        name: None,
        container_port: 80,
        host_port: Some(port),
        host_ip: Some("127.0.0.1".into()),
        protocol: Default::default(),
    });
    let report = rig.run(&task).await;
    assert_eq!(report.status, "failed");
    let error = report.error.unwrap();
    assert!(error.starts_with("host port in use:"), "{error}");
    assert!(error.contains(&port.to_string()), "{error}");
    assert_eq!(containers_of(&rig.node_id).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_by_another_container_is_left_alone() {
    let rig = Rig::start("name").await;
    let task = rig.script("web", "sleep 600");
    let name = rig.container(&task);
    docker(&["create", "--name", &name, crate::docker::IMAGE, "/bin/true"]);
    let _removed = Removed(&["rm", "-f"], name.clone());
    let report = rig.run(&task).await;
    assert_eq!(report.status, "failed");
    assert!(report.error.unwrap().contains("name is taken by container"));
    assert_eq!(
        docker(&["inspect", "--format", "{{.State.Status}}", &name]),
        "created"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_from_outside_is_told_as_such() {
    let rig = Rig::start("kill").await;
    let task = rig.script("victim", "sleep 600");
    rig.execute(&task).await;
    rig.running(&task).await;
    docker(&["kill", &rig.container(&task)]);
    let report = rig.ended(&task).await;
    assert_eq!(
        (report.status.as_str(), report.exit_code),
        ("failed", Some(137))
    );
    assert_eq!(
        report.error.as_deref(),
        Some("killed by signal 9 (from outside podling)")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_from_outside_is_told_as_such() {
    let rig = Rig::start("rm").await;
    let task = rig.script("victim", "sleep 600");
    rig.execute(&task).await;
    rig.running(&task).await;
    docker(&["rm", "-f", &rig.container(&task)]);
    let report = rig.ended(&task).await;
    assert_eq!(report.status, "failed");
    // Docker kills it before it removes it: whichever was seen first.
    let error = report.error.unwrap();
    assert!(error.contains("from outside"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_removed_from_outside_is_made_anew_when_the_policy_says_so() {
    let rig = Rig::start("anew").await;
    let mut task = rig.script("service", "sleep 600");
    task.restart_policy = RestartPolicy::Always;
    rig.execute(&task).await;
    let first = rig.running(&task).await.container_id;
    docker(&["rm", "-f", &rig.container(&task)]);
    rig.until_report(&task, |report| {
        report.restart_count == Some(1) && report.container_id != first
    })
    .await;
    assert_eq!(containers_of(&rig.node_id).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn want_of_memory_is_told_as_such() {
    let rig = Rig::start("memory").await;
    let mut task = rig.script("hungry", "exec tail /dev/zero");
    task.resources.limits.memory = Some(Quantity::Number(16 << 20));
    let report = rig.run(&task).await;
    assert_eq!(report.status, "failed");
    let error = report.error.unwrap();
    assert!(error.starts_with("out of memory"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_stopped_before_it_came_does_not_start_when_it_comes() {
    let rig = Rig::start("early").await;
    let task = rig.script("late", "sleep 600");
    let stop = Stop {
        grace_period_seconds: None,
        attempt: Some(1),
    };
    rig.client().stop(&task.task_id, &stop).await.unwrap();
    assert_eq!(rig.ended(&task).await.status, "stopped");
    rig.execute(&task).await;
    assert_eq!(containers_of(&rig.node_id).len(), 0);
}
