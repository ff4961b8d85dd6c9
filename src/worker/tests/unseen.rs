//! What others did to containers while nobody watched, and what others still hold.

use super::{Rig, pass, stop, task};
use crate::wire::Task;
use crate::worker::runtime::Error;

#[tokio::test(start_paused = true)]
async fn what_was_killed_while_no_worker_watched_did_not_end_by_itself() {
    for (code, expected) in [(143, "stopped"), (137, "stopped"), (1, "failed")] {
        let rig = Rig::going();
        rig.runner.execute(task("t", "service"));
        rig.until("t", "running").await;
        let engine = rig.engine.clone();
        rig.runner.abandon().await;
        engine.exit("t", code, false);

        let next = Rig::on(engine);
        next.watch();
        pass(1).await;
        next.until("t", expected).await;
        let report = next.runner.view("t").unwrap().borrow().report.clone();
        assert_eq!(report.exit_code, Some(code));
        let unseen = "ended before this worker first saw it";
        let reason = report.reason.unwrap();
        assert_eq!(reason.starts_with(unseen), code > 128, "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_kernel_killed_for_want_of_memory_failed_whoever_watched() {
    let rig = Rig::going();
    rig.runner.execute(task("t", "service"));
    rig.until("t", "running").await;
    let engine = rig.engine.clone();
    rig.runner.abandon().await;
    engine.exit("t", 137, true);

    let next = Rig::on(engine);
    next.watch();
    pass(1).await;
    next.until("t", "failed").await;
}

#[tokio::test(start_paused = true)]
async fn what_was_killed_unseen_is_so_also_when_the_order_comes_before_the_look() {
    let rig = Rig::going();
    rig.runner.execute(task("t", "service"));
    rig.until("t", "running").await;
    let engine = rig.engine.clone();
    rig.runner.abandon().await;
    engine.exit("t", 143, false);

    let next = Rig::on(engine);
    next.runner.execute(task("t", "service"));
    next.watch();
    pass(1).await;
    next.until("t", "stopped").await;
}

fn with_port(task: Task) -> Task {
    let port = serde_json::json!({"containerPort": 80, "hostPort": 8000, "protocol": "TCP"});
    Task {
        ports: vec![serde_json::from_value(port).unwrap()],
        ..task
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_port_that_another_task_here_still_has_is_waited_for() {
    let taken = || Error::PortTaken {
        why: "0.0.0.0:8000".into(),
    };
    let rig = Rig::going();
    rig.runner.execute(with_port(task("stale", "service")));
    rig.until("stale", "running").await;
    rig.engine.fail_next("start", taken());
    rig.runner.execute(with_port(task("t", "service")));
    pass(0).await;
    rig.runner.stop(&stop("stale", 1, true));
    rig.until("t", "running").await;

    let rig = Rig::going();
    rig.engine.fail_next("start", taken());
    rig.engine.fail_next("start", taken());
    rig.runner.execute(with_port(task("t", "service")));
    rig.until("t", "failed").await;
}

#[tokio::test(start_paused = true)]
async fn a_host_port_that_was_given_up_before_the_look_fails_nobody() {
    let rig = Rig::going();
    let taken = Error::PortTaken {
        why: "0.0.0.0:8000".into(),
    };
    rig.engine.fail_next("start", taken);
    rig.runner.execute(with_port(task("t", "service")));
    rig.until("t", "running").await;
}
