//! A worker that is told to end.

use podling::wire::RestartPolicy;

use crate::docker::{containers_of, docker};
use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn tasks_get_time_to_end_services_are_stopped_and_all_is_told() {
    let mut rig = Rig::start("drain").await;
    let job = rig.script("job", "sleep 2");
    let endless = rig.script("endless", "sleep 600");
    let mut service = rig.script("service", "sleep 600");
    service.restart_policy = RestartPolicy::Always;
    for task in [&job, &endless, &service] {
        rig.execute(task).await;
        rig.running(task).await;
    }
    rig.shut_down().await;

    let told = rig.master.told().borrow().clone();
    let status = |id: &str| told.reports[id].status.clone();
    assert_eq!(status(&job.task_id), "completed");
    assert_eq!(status(&endless.task_id), "stopped");
    assert_eq!(status(&service.task_id), "stopped");
    assert_eq!(told.farewells, ["drain 9", "deregister"]);
    let filter = format!("label=podling.node={}", rig.node_id);
    assert_eq!(docker(&["ps", "-q", "--filter", &filter]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_are_left_running_for_the_next_start_when_asked() {
    let mut rig = Rig::start_with("leave", |options| options.leave_running = true).await;
    let task = rig.script("service", "sleep 600");
    rig.execute(&task).await;
    rig.running(&task).await;
    rig.shut_down().await;
    assert_eq!(rig.master.told().borrow().farewells, [""; 0]);
    let state = docker(&[
        "inspect",
        "--format",
        "{{.State.Status}}",
        &rig.container(&task),
    ]);
    assert_eq!(state, "running");

    rig.start_worker().await;
    let told = rig.master.told().borrow().clone();
    let named = told
        .registrations
        .last()
        .and_then(|node| node.tasks.clone());
    let named: Vec<_> = named.iter().flatten().collect();
    assert_eq!(named.len(), 1, "{named:?}");
    assert_eq!(named[0].report.status, "running");
    assert_eq!(containers_of(&rig.node_id).len(), 1);
}
