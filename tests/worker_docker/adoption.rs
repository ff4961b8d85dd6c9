//! A worker that is killed and started again finds its tasks as they are.

use podling::wire::{RestartPolicy, StopOrder, TaskStatus};

use crate::docker::{containers_of, docker};
use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_container_is_watched_on_and_named_at_registration() {
    let mut rig = Rig::start("running").await;
    let task = rig.script("job", "sleep 1; exit 4");
    rig.execute(&task).await;
    let before = rig.running(&task).await;
    rig.crash();
    rig.start_worker().await;
    let told = rig.master.told().borrow().clone();
    let named = told.registrations.last().unwrap().tasks.clone().unwrap();
    assert_eq!(named[0].report.container_id, before.container_id);
    let report = rig.ended(&task).await;
    assert_eq!(
        (report.status.as_str(), report.exit_code),
        ("failed", Some(4))
    );
    assert_eq!(containers_of(&rig.node_id).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_ended_meanwhile_is_reported_with_its_exit_code() {
    let mut rig = Rig::start("ended").await;
    let task = rig.script("job", "sleep 600");
    rig.execute(&task).await;
    rig.running(&task).await;
    rig.crash();
    docker(&["kill", &rig.container(&task)]);
    rig.start_worker().await;
    // Known at once: registration waits for the look at it.
    let told = rig.master.told().borrow().clone();
    let named = told.registrations.last().unwrap().tasks.clone().unwrap();
    assert_eq!(
        (named[0].report.status.as_str(), named[0].report.exit_code),
        // Not failed: it may as well have been the host going down.
        ("stopped", Some(137))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_was_made_and_never_started_is_started() {
    let mut rig = Rig::start("created").await;
    let task = rig.script("job", "exit 0");
    rig.crash();
    let spec = serde_json::to_string(&task).unwrap();
    let (name, node) = (rig.container(&task), rig.node_id.clone());
    docker(&[
        "create",
        "--name",
        &name,
        "--label",
        &format!("podling.node={node}"),
        "--label",
        &format!("podling.task={}", task.task_id),
        "--label",
        "podling.attempt=1",
        "--label",
        &format!("podling.spec={spec}"),
        crate::docker::IMAGE,
        "/bin/sh",
        "-c",
        "exit 0",
    ]);
    rig.start_worker().await;
    assert_eq!(rig.ended(&task).await.status, "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_is_stale_is_not_started_again() {
    let mut rig = Rig::start("stale").await;
    let mut task = rig.script("service", "sleep 600");
    task.restart_policy = RestartPolicy::Always;
    rig.execute(&task).await;
    rig.running(&task).await;
    rig.crash();
    docker(&["kill", &rig.container(&task)]);
    rig.master.stop.lock().unwrap().push(StopOrder {
        task_id: task.task_id.clone(),
        attempt: 1,
        grace_period_seconds: 0,
        remove: true,
    });
    rig.start_worker().await;
    rig.until_forgotten(&task).await;
    assert_eq!(containers_of(&rig.node_id).len(), 0);
    let statuses = rig.master.told().borrow().statuses[&task.task_id].clone();
    assert_eq!(statuses.last().unwrap(), "stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_the_master_saw_running_and_nobody_has_is_gone_for_good() {
    let rig = Rig::start("gone").await;
    let mut task = rig.script("job", "sleep 600");
    task.status = TaskStatus::Running;
    let report = rig.run(&task).await;
    assert_eq!(report.status, "failed");
    assert!(report.error.unwrap().contains("removed from outside"));
    assert_eq!(containers_of(&rig.node_id).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_the_middle_of_many_starts_loses_and_doubles_nothing() {
    let mut rig = Rig::start("many").await;
    let tasks: Vec<_> = (0..8)
        .map(|n| rig.script(&format!("job{n}"), "exit 0"))
        .collect();
    for task in &tasks {
        rig.execute(task).await;
    }
    rig.until("the first one runs", |told| !told.reports.is_empty())
        .await;
    rig.crash();
    // What the worker does not name, the master orders again, as it knows it.
    let told = rig.master.told().borrow().clone();
    for mut task in tasks.clone() {
        if told
            .reports
            .get(&task.task_id)
            .is_some_and(|report| report.status == "running")
        {
            task.status = TaskStatus::Running;
        }
        rig.master.run.lock().unwrap().push(task);
    }
    rig.start_worker().await;
    for task in &tasks {
        let report = rig.ended(task).await;
        assert_eq!(report.status, "completed", "{report:?}");
    }
    assert_eq!(containers_of(&rig.node_id).len(), tasks.len());
}
