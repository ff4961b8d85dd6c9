//! Reports: repeated until they are accepted, and never in the way of anything else.

use super::{Behaviour, Rig, Scripted, attempt, pass, task};
use crate::wire::Task;

#[tokio::test(start_paused = true)]
async fn one_change_goes_by_itself_several_of_few_tasks_go_with_a_heartbeat() {
    let rig = Rig::going();
    pass(1).await;
    rig.runner.execute(task("a", "service"));
    pass(1).await;
    rig.master.inner().away = true;
    rig.runner.execute(task("b", "job"));
    rig.runner.execute(task("c", "service"));
    pass(5).await;
    rig.master.inner().away = false;
    pass(5).await;
    let told = rig.master.told();
    assert_eq!(
        told[..3],
        [
            "register",
            "report a=running",
            "heartbeat a=running b=completed c=running"
        ]
    );
    assert_eq!(rig.runner.shared().reporter.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_few_among_many_tasks_go_one_by_one() {
    let rig = Rig::going();
    pass(1).await;
    for number in 0..40 {
        rig.runner.execute(task(&format!("{number}"), "service"));
    }
    pass(1).await;
    let before = rig.master.told().len();
    rig.runner.execute(task("b", "service"));
    rig.runner.execute(task("c", "service"));
    pass(1).await;
    let told = rig.master.told();
    assert_eq!(told[before..], ["report b=running", "report c=running"]);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_fails_again_and_again_does_not_hold_up_the_others() {
    let rig = Rig::going();
    pass(1).await;
    for number in 0..40 {
        rig.runner.execute(task(&format!("{number}"), "service"));
    }
    pass(1).await;
    rig.master.inner().report_status = Some(500);
    rig.runner.execute(task("b", "service"));
    rig.runner.execute(task("c", "service"));
    pass(2).await;
    assert_eq!(rig.runner.shared().reporter.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_report_of_a_task_that_is_gone_or_refused_is_dropped() {
    for status in [404, 400] {
        let rig = Rig::going();
        pass(1).await;
        rig.master.inner().report_status = Some(status);
        rig.runner.execute(task("t", "service"));
        pass(5).await;
        assert_eq!(rig.master.count("report"), 1, "{status}");
        assert_eq!(rig.runner.shared().reporter.count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_master_has_elsewhere_or_not_at_all_is_followed_by_a_heartbeat() {
    let here = |attempt_here, node: &str| Task {
        node_id: Some(node.into()),
        ..attempt("t", "service", attempt_here)
    };
    let cases = [
        (Some(here(1, "n")), None, 0),
        (Some(here(2, "n")), None, 1),
        (Some(here(1, "m")), None, 1),
        (None, Some(404), 1),
    ];
    for (known, status, beats) in cases {
        let rig = Rig::going();
        pass(1).await;
        let before = rig.master.count("heartbeat");
        rig.master.inner().tasks.extend(known.clone());
        rig.master.inner().report_status = status;
        rig.runner.execute(task("t", "service"));
        pass(1).await;
        let after = rig.master.count("heartbeat");
        assert_eq!(after - before, beats, "{known:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_that_failed_is_repeated_until_it_is_accepted() {
    let rig = Rig::going();
    pass(1).await;
    rig.master.inner().report_status = Some(503);
    rig.runner.execute(task("t", "service"));
    pass(3).await;
    assert!(rig.master.count("report") > 1);
    assert_eq!(rig.runner.shared().reporter.count(), 1);
    rig.master.inner().report_status = None;
    pass(10).await;
    assert_eq!(rig.runner.shared().reporter.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_is_refused_does_not_hold_up_the_reports() {
    for random in [0, u64::MAX / 2, u64::MAX] {
        let engine = Scripted::default();
        engine.image("service", Behaviour::service());
        let rig = Rig::of(engine, random);
        rig.master.inner().heartbeat_status = Some(413);
        rig.watch();
        rig.talk();
        pass(1).await;
        for id in ["a", "b", "c"] {
            rig.runner.execute(task(id, "service"));
        }
        pass(20).await;
        assert_eq!(rig.master.count("report"), 3, "{:?}", rig.master.told());
        assert_eq!(rig.runner.shared().reporter.count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn thousands_of_kept_ends_make_a_short_heartbeat() {
    let rig = Rig::going();
    pass(1).await;
    for n in 0..10_000 {
        let id = format!("0d9c5a3e-8f5b-4b0e-9d0c-{n:012}");
        rig.runner.execute(task(&id, "gone"));
    }
    pass(60).await;
    let inner = rig.master.inner();
    let beat = inner.heartbeats.last().unwrap();
    assert_eq!(beat.tasks.as_ref().unwrap().len(), 10_000);
    let bytes = serde_json::to_vec(beat).unwrap().len();
    assert!(bytes < 1024 * 1024, "{bytes} bytes");
}
