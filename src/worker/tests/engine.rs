//! Engines that fail or are away, and images that are pulled.

use std::time::Duration;

use super::{Rig, pass, stop, task};
use crate::worker::engine::Condition;
use crate::worker::runtime::Error;
use crate::worker::runtime::scripted::Behaviour;

#[tokio::test(start_paused = true)]
async fn a_failed_start_leaves_nothing_and_says_why() {
    let rig = Rig::going();
    let why = "listen tcp4 0.0.0.0:80: bind: address already in use".to_owned();
    for why in [why.clone(), why] {
        rig.engine.fail_next("start", Error::PortTaken { why });
    }
    rig.runner.execute(task("t", "service"));
    rig.until("t", "failed").await;
    let report = rig.runner.view("t").unwrap().borrow().report.clone();
    assert!(
        report
            .error
            .unwrap()
            .starts_with("host port in use: listen")
    );
    assert_eq!(rig.engine.containers(), []);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_was_cut_off_is_found_again() {
    let rig = Rig::going();
    rig.runner.execute(task("t", "service"));
    rig.until("t", "running").await;
    // As after a lost answer: the engine has it, the worker does not know.
    let again = Rig::on(rig.engine.clone());
    again.runner.adopt(vec![]);
    again.runner.execute(task("t", "service"));
    again.until("t", "running").await;
    assert_eq!(again.engine.containers().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_answer_is_asked_again_and_no_task_is_to_blame() {
    let rig = Rig::going();
    pass(1).await;
    let operation = "create the container";
    rig.engine.fail_next(
        "create",
        Error::Timeout {
            operation,
            seconds: 60,
        },
    );
    rig.runner.execute(task("t", "service"));
    pass(0).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let condition = rig.runner.shared().engine.condition();
    assert!(
        matches!(*condition.borrow(), Condition::Degraded(_)),
        "{condition:?}"
    );
    rig.until("t", "running").await;
    assert_eq!(*condition.borrow(), Condition::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_lost_engine_makes_the_node_degraded_and_its_return_is_noticed() {
    let rig = Rig::going();
    rig.runner.execute(task("t", "job"));
    rig.until("t", "running").await;
    rig.engine.go_away();
    pass(20).await;
    let mut condition = rig.runner.shared().engine.condition();
    assert!(matches!(
        *condition.borrow_and_update(),
        Condition::Degraded(_)
    ));
    // It ended meanwhile, and nobody could tell.
    assert_eq!(rig.status("t").unwrap(), "running");
    rig.engine.come_back();
    rig.until("t", "completed").await;
    assert_eq!(*condition.borrow(), Condition::Ready);
    let degraded = |beat: &crate::wire::Heartbeat| beat.reason.is_some();
    assert!(rig.master.inner().heartbeats.iter().any(degraded));
}

#[tokio::test(start_paused = true)]
async fn orders_wait_for_an_engine_that_is_not_there_yet() {
    let rig = Rig::new();
    rig.engine.go_away();
    rig.watch();
    rig.runner.execute(task("t", "service"));
    rig.runner.execute(task("gone", "service"));
    rig.runner.stop(&stop("gone", 1, false));
    rig.runner.stop(&stop("unknown", 1, false));
    pass(30).await;
    assert_eq!(rig.engine.journal(), [""; 0]);
    assert_eq!(rig.runner.shared().reporter.count(), 0);
    rig.engine.come_back();
    rig.until("t", "running").await;
    rig.until("gone", "stopped").await;
    assert_eq!(rig.engine.containers().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_pull_serves_all_and_ends_with_its_last_waiter() {
    let rig = Rig::going();
    rig.engine.registry_image("far", Behaviour::service());
    rig.engine.latency(Duration::from_secs(10));
    for id in ["a", "b"] {
        rig.runner.execute(task(id, "far"));
    }
    // To ask what there is, to look, and to try without a pull: 40 s.
    pass(45).await;
    let watching = rig.runner.shared().pulls.watch("far");
    assert!(watching.is_some());
    rig.until("a", "running").await;
    rig.until("b", "running").await;
    let pulls = |rig: &Rig| {
        let journal = rig.engine.journal();
        journal
            .iter()
            .filter(|line| line.starts_with("pull"))
            .count()
    };
    assert_eq!(pulls(&rig), 1);

    rig.engine.registry_image("unwanted", Behaviour::service());
    rig.runner.execute(task("c", "unwanted"));
    pass(15).await;
    assert!(rig.runner.shared().pulls.watch("unwanted").is_some());
    rig.runner.stop(&stop("c", 1, false));
    rig.until("c", "stopped").await;
    assert!(rig.runner.shared().pulls.watch("unwanted").is_none());
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_lost_is_made_up_for() {
    let rig = Rig::going();
    rig.runner.execute(task("t", "service"));
    rig.until("t", "running").await;
    // The engine's stream breaks in the very moment of the end.
    rig.engine.go_away();
    rig.engine.exit("t", 3, false);
    rig.engine.come_back();
    rig.until("t", "failed").await;
}

#[tokio::test(start_paused = true)]
async fn only_so_many_images_are_pulled_at_once() {
    let rig = Rig::going();
    pass(1).await;
    rig.engine.latency(Duration::from_secs(10));
    for n in 0..20 {
        let image = format!("far-{n}");
        rig.engine.registry_image(&image, Behaviour::service());
        rig.runner.execute(task(&format!("t{n}"), &image));
    }
    // Each was found missing after 10 s; the first pulls end after 20 s.
    pass(15).await;
    let journal = rig.engine.journal();
    let pulls = journal.iter().filter(|line| line.starts_with("pull"));
    let pulls = pulls.count();
    assert!((2..=4).contains(&pulls), "{pulls} at once");
    pass(600).await;
    for n in 0..20 {
        assert_eq!(rig.status(&format!("t{n}")).unwrap(), "running");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_stop_again_and_again_is_kept_once_while_the_engine_is_away() {
    let rig = Rig::new();
    for _ in 0..100 {
        rig.runner.stop(&stop("t", 1, false));
        rig.runner.stop(&stop("t", 2, true));
    }
    assert_eq!(rig.runner.early_stops(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_never_ran_and_is_gone_is_not_told_of() {
    let rig = Rig::going();
    let why = "no such file".into();
    rig.engine.fail_next("start", Error::BadCommand { why });
    rig.runner.execute(task("t", "service"));
    rig.until("t", "failed").await;
    assert_eq!(rig.engine.containers(), []);
    let view = rig.runner.view("t").expect("it is known");
    assert_eq!(view.borrow().report.container_id, None);
}
