//! A worker's end.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Rig, options, pass, restarted, task};
use crate::wire::{Condition, RestartPolicy};
use crate::worker::order::Verdict;
use crate::worker::runtime::scripted::Behaviour;
use crate::worker::shutdown::{Deadline, drain, reports_accepted, sign_off};
use crate::worker::{Options, run_with};

const TOTAL: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn services_stop_at_once_and_jobs_get_their_time() {
    let rig = Rig::going();
    rig.engine
        .image("long", Behaviour::job(Duration::from_secs(15), 0));
    rig.runner
        .execute(restarted(RestartPolicy::Always, task("service", "service")));
    rig.runner.execute(task("job", "long"));
    pass(1).await;
    let begun = rig.now_ms();
    assert_eq!(rig.runner.unfinished(), ["web (job)", "web (service)"]);
    drain(&rig.runner, rig.master.as_ref(), "n", TOTAL).await;
    assert_eq!((rig.now_ms() - begun) / 1000, 14);
    assert_eq!(rig.status("service").unwrap(), "stopped");
    assert_eq!(rig.status("job").unwrap(), "completed");
    assert_eq!(
        rig.runner.execute(task("new", "job")),
        Verdict::ShuttingDown
    );
    reports_accepted(&rig.runner, &deadline(&rig)).await;
    sign_off(&rig.runner, rig.master.as_ref(), "n", &deadline(&rig)).await;
    assert_eq!(rig.runner.shared().reporter.count(), 0);
    assert_eq!(rig.master.told().last().unwrap(), "deregister");
    assert_eq!(rig.master.count("drain 30"), 1);
}

#[tokio::test(start_paused = true)]
async fn all_is_over_at_the_timeout_grace_included() {
    let rig = Rig::going();
    let stubborn = Behaviour {
        ignores_term: true,
        ..Behaviour::service()
    };
    rig.engine.image("stubborn", stubborn);
    rig.runner.execute(task("t", "stubborn"));
    pass(1).await;
    let begun = rig.now_ms();
    drain(&rig.runner, rig.master.as_ref(), "n", TOTAL).await;
    assert!(rig.now_ms() - begun <= TOTAL.as_millis() as u64);
    assert_eq!(rig.status("t").unwrap(), "stopped");
}

#[tokio::test(start_paused = true)]
async fn a_master_that_is_away_does_not_hold_it_up() {
    let rig = Rig::going();
    pass(1).await;
    rig.runner.execute(task("t", "service"));
    pass(1).await;
    rig.master.inner().away = true;
    let begun = rig.now_ms();
    drain(&rig.runner, rig.master.as_ref(), "n", TOTAL).await;
    reports_accepted(&rig.runner, &deadline(&rig)).await;
    sign_off(&rig.runner, rig.master.as_ref(), "n", &deadline(&rig)).await;
    assert!(rig.now_ms() - begun < 40_000);
    assert_eq!(
        rig.engine.containers(),
        [("podling-web-t-1".to_owned(), false)]
    );
}

#[tokio::test(start_paused = true)]
async fn the_master_hears_of_the_drain_before_anything_stops() {
    let rig = Rig::going();
    rig.runner
        .execute(restarted(RestartPolicy::Always, task("t", "service")));
    pass(1).await;
    rig.master.inner().slow = Duration::from_secs(2);
    let watch = async {
        pass(1).await;
        assert_eq!(rig.status("t").unwrap(), "running");
        assert!(!rig.engine.journal().iter().any(|it| it.starts_with("stop")));
    };
    tokio::join!(drain(&rig.runner, rig.master.as_ref(), "n", TOTAL), watch);
    assert_eq!(rig.status("t").unwrap(), "stopped");
}

#[tokio::test(start_paused = true)]
async fn a_master_that_does_not_answer_the_drain_takes_none_of_the_time_over() {
    let rig = Rig::going();
    rig.runner.execute(task("t", "service"));
    pass(1).await;
    rig.master.inner().slow = Duration::from_secs(3600);
    let begun = rig.now_ms();
    drain(&rig.runner, rig.master.as_ref(), "n", TOTAL).await;
    assert!(rig.now_ms() - begun <= TOTAL.as_millis() as u64);
    assert_eq!(rig.status("t").unwrap(), "stopped");
}

#[tokio::test(start_paused = true)]
async fn a_silenced_agent_finishes_its_word() {
    let rig = Rig::new();
    rig.watch();
    let mut agent = rig.agent();
    let silence = agent.silence();
    let end = async {
        pass(1).await;
        rig.master.inner().slow = Duration::from_secs(2);
        rig.runner.execute(task("t", "service"));
        pass(1).await;
        assert_eq!(rig.master.count("report"), 0);
        silence.cancel();
    };
    let both = async { tokio::join!(agent.run(), end) };
    let (ended, ()) = tokio::time::timeout(TOTAL, both).await.unwrap();
    ended.unwrap();
    assert_eq!(rig.master.count("report"), 1);
}

/// In real time, with its HTTP server.
#[tokio::test]
async fn who_was_never_registered_leaves_what_runs_and_says_nothing() {
    let before = Rig::going();
    before.runner.execute(task("t", "service"));
    before.until("t", "running").await;
    before.runner.abandon().await;

    let rig = Rig::on(before.engine.clone());
    rig.master.inner().taken = Some("node_id_taken");
    let token = CancellationToken::new();
    let running = run_with(
        Options {
            port: 0,
            ..options()
        },
        Arc::new(rig.engine.clone()),
        rig.master.clone(),
        Arc::clone(&rig.clock),
        token.clone(),
    );
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        token.cancel();
    };
    let (ended, ()) = tokio::join!(running, cancel);
    ended.unwrap();
    assert_eq!(rig.master.told(), [""; 0]);
    let containers = rig.engine.containers();
    assert_eq!(containers, [("podling-web-t-1".to_owned(), true)]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_without_tasks_ends_at_once() {
    let rig = Rig::going();
    pass(1).await;
    let begun = rig.now_ms();
    drain(&rig.runner, rig.master.as_ref(), "n", TOTAL).await;
    assert!(rig.now_ms() - begun < 100);
}

fn deadline(rig: &Rig) -> Deadline {
    Deadline::after(rig.clock.clone(), Duration::from_secs(30))
}

#[tokio::test(start_paused = true)]
async fn who_shuts_down_does_not_say_that_it_is_ready() {
    let rig = Rig::going();
    pass(1).await;
    let last = || rig.master.inner().heartbeats.last().cloned().unwrap();
    pass(10).await;
    assert_eq!(last().condition, Some(Condition::Ready));
    rig.runner.close();
    pass(10).await;
    assert_eq!(last().condition, Some(Condition::Draining));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sees_that_a_task_has_ended_finds_its_report_queued() {
    let rig = Rig::new();
    rig.engine
        .image("brief", Behaviour::job(Duration::from_millis(1), 0));
    rig.watch();
    let mut watching = tokio::task::JoinSet::new();
    for number in 0..500 {
        let id = format!("t{number}");
        rig.runner.execute(task(&id, "brief"));
        let mut view = rig.runner.view(&id).expect("it is known");
        let runner = Arc::clone(&rig.runner);
        watching.spawn(async move {
            let ended = view.wait_for(|view| view.ended).await;
            drop(ended.expect("it is watched"));
            let (_, waiting) = runner.shared().reporter.waiting();
            waiting
                .iter()
                .any(|told| told.task_id == id && told.report.status == "completed")
        });
    }
    assert!(watching.join_all().await.iter().all(|queued| *queued));
}

#[tokio::test(start_paused = true)]
async fn a_master_that_is_back_hears_the_last_word_of_who_was_waiting_to_try_again() {
    let rig = Rig::new();
    rig.watch();
    let mut agent = rig.agent();
    let silence = agent.silence();
    let end = async {
        pass(1).await;
        rig.master.inner().away = true;
        rig.runner.execute(task("t", "job"));
        pass(20).await;
        rig.master.inner().away = false;
        silence.cancel();
    };
    let both = async { tokio::join!(agent.run(), end) };
    let (ended, ()) = tokio::time::timeout(2 * TOTAL, both).await.unwrap();
    ended.unwrap();
    assert_eq!(rig.master.told(), ["register", "heartbeat t=completed"]);
}

#[tokio::test(start_paused = true)]
async fn who_could_not_tell_an_end_does_not_sign_off() {
    let rig = Rig::new();
    rig.watch();
    rig.runner.execute(task("t", "job"));
    rig.until("t", "completed").await;
    sign_off(&rig.runner, rig.master.as_ref(), "n", &deadline(&rig)).await;
    assert_eq!(rig.master.told(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_ignores_the_signal_is_killed_in_time() {
    let rig = Rig::going();
    let stubborn = Behaviour {
        ignores_term: true,
        ..Behaviour::service()
    };
    rig.engine.image("stubborn", stubborn);
    rig.runner.execute(task("t", "stubborn"));
    pass(1).await;
    let begun = rig.now_ms();
    drain(&rig.runner, rig.master.as_ref(), "n", TOTAL).await;
    assert_eq!(rig.status("t").unwrap(), "stopped");
    assert!(rig.now_ms() - begun < TOTAL.as_millis() as u64);
}
