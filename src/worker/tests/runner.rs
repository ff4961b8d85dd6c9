//! Orders, once and in any order; engines that fail; containers that others touch.

use std::time::Duration;

use super::{Rig, attempt, pass, restarted, stop, task};
use crate::wire::{RestartPolicy, Task, TaskStatus};
use crate::worker::engine::Condition;
use crate::worker::order::Verdict;
use crate::worker::runtime::Error;
use crate::worker::runtime::scripted::Behaviour;

#[tokio::test(start_paused = true)]
async fn the_same_order_many_times_makes_one_container() {
    let rig = Rig::going();
    for _ in 0..3 {
        assert_eq!(rig.runner.execute(task("t", "job")), Verdict::Accepted);
    }
    rig.until("t", "completed").await;
    assert_eq!(rig.runner.execute(task("t", "job")), Verdict::Accepted);
    pass(5).await;
    assert_eq!(rig.engine.journal().len(), 2, "{:?}", rig.engine.journal());
}

#[tokio::test(start_paused = true)]
async fn an_older_attempt_is_refused_and_a_newer_one_supersedes() {
    let rig = Rig::going();
    rig.runner.execute(attempt("t", "service", 2));
    rig.until("t", "running").await;
    let verdict = rig.runner.execute(attempt("t", "service", 1));
    assert_eq!(verdict, Verdict::OlderAttempt { seen: 2 });

    rig.runner.execute(attempt("t", "service", 3));
    pass(5).await;
    assert_eq!(
        rig.engine.containers(),
        [("podling-web-t-3".to_owned(), true)]
    );
    let journal = rig.engine.journal();
    let at = |what: &str| {
        journal
            .iter()
            .position(|line| line.starts_with(what))
            .unwrap()
    };
    assert!(at("remove") < at("create podling-web-t-3"), "{journal:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_removed_does_not_come_back_with_a_late_order() {
    let rig = Rig::going();
    rig.runner.execute(task("t", "service"));
    rig.until("t", "running").await;
    rig.runner.stop(&stop("t", 1, true));
    pass(5).await;
    assert!(rig.runner.view("t").is_none());
    assert_eq!(rig.runner.execute(task("t", "service")), Verdict::Accepted);
    pass(5).await;
    assert_eq!(rig.engine.containers(), []);
    assert_eq!(rig.master.count("report t=stopped"), 2);
    // A newer attempt is another matter.
    rig.runner.execute(attempt("t", "service", 2));
    rig.until("t", "running").await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_its_order_holds() {
    let rig = Rig::going();
    pass(1).await;
    rig.runner.stop(&stop("t", 1, false));
    rig.runner.execute(task("t", "service"));
    pass(5).await;
    assert_eq!(rig.engine.containers(), []);
    assert!(rig.master.told().contains(&"report t=stopped".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_waits_longer_each_time() {
    let rig = Rig::going();
    rig.engine.image("crash", Behaviour::job(Duration::ZERO, 1));
    rig.runner
        .execute(restarted(RestartPolicy::OnFailure, task("t", "crash")));
    // Starts at 0, 1, 3, 7, 15 and 31 s.
    for (second, starts) in [(2, 2), (5, 3), (10, 4), (20, 5), (40, 6)] {
        pass(second - rig.now_ms() / 1000).await;
        let journal = rig.engine.journal();
        let count = journal
            .iter()
            .filter(|line| line.starts_with("start"))
            .count();
        assert_eq!(count, starts, "after {second} s: {journal:?}");
    }
    assert_eq!(rig.status("t").unwrap(), "running");
    let view = rig.runner.view("t").unwrap().borrow().report.clone();
    assert_eq!(view.restart_count, Some(5));
    assert_eq!(view.reason.unwrap(), "exit code 1; again in 32 s");
}

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
async fn what_ended_while_nobody_looked_waits_for_the_masters_word_before_it_runs_again() {
    let rig = Rig::going();
    rig.runner
        .execute(restarted(RestartPolicy::Always, task("t", "service")));
    rig.until("t", "running").await;
    let engine = rig.engine.clone();
    rig.runner.abandon().await;
    engine.kill("t");

    let next = Rig::on(engine);
    next.master.inner().away = true;
    next.watch();
    next.talk();
    pass(60).await;
    assert_eq!(
        next.engine.containers(),
        [("podling-web-t-1".to_owned(), false)]
    );
    next.master.inner().away = false;
    pass(10).await;
    assert_eq!(
        next.engine.containers(),
        [("podling-web-t-1".to_owned(), true)]
    );
}

#[tokio::test(start_paused = true)]
async fn restarts_before_this_process_are_counted_too() {
    let rig = Rig::going();
    rig.runner
        .execute(restarted(RestartPolicy::Always, task("t", "service")));
    rig.until("t", "running").await;
    let engine = rig.engine.clone();
    rig.runner.abandon().await;

    let next = Rig::on(engine);
    let mut known = task("t", "service");
    known.restart_count = 5;
    next.master.inner().tasks.push(known);
    next.watch();
    next.talk();
    pass(10).await;
    next.engine.kill("t");
    pass(10).await;
    let report = next.runner.view("t").unwrap().borrow().report.clone();
    assert_eq!(report.restart_count, Some(6));
}

#[tokio::test(start_paused = true)]
async fn a_container_the_master_saw_running_is_never_made_anew() {
    let rig = Rig::going();
    let mut known = task("t", "service");
    known.status = TaskStatus::Running;
    rig.runner.execute(known);
    rig.until("t", "failed").await;
    assert_eq!(rig.engine.journal(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_container_of_somebody_else_is_left_alone_to_the_end() {
    let rig = Rig::going();
    rig.engine.take_name("podling-web-t-1");
    rig.runner.execute(task("t", "service"));
    rig.until("t", "failed").await;
    rig.runner.stop(&stop("t", 1, true));
    pass(5).await;
    assert!(rig.runner.view("t").is_none());
    assert_eq!(rig.engine.containers().len(), 1);
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
async fn older_containers_found_at_the_start_are_removed_first() {
    let rig = Rig::going();
    rig.runner.execute(attempt("t", "service", 1));
    rig.until("t", "running").await;
    let engine = rig.engine.clone();
    rig.runner.abandon().await;

    let next = Rig::on(engine);
    // Ordered before the engine was asked what there is.
    next.runner.execute(attempt("t", "service", 2));
    next.watch();
    next.until("t", "running").await;
    pass(5).await;
    assert_eq!(
        next.engine.containers(),
        [("podling-web-t-2".to_owned(), true)]
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_before_the_shutdown_stays_taken() {
    let rig = Rig::going();
    pass(1).await;
    rig.runner.execute(task("t", "service"));
    rig.until("t", "running").await;
    rig.runner.close();
    assert_eq!(rig.runner.execute(task("t", "service")), Verdict::Accepted);
    let shutting_down = Verdict::ShuttingDown;
    assert_eq!(
        rig.runner.execute(attempt("t", "service", 2)),
        shutting_down
    );
    assert_eq!(rig.runner.execute(task("u", "service")), shutting_down);
}

/// A new process of the worker, that finds `t` running; the master knows of five restarts.
async fn adopting(ordered: Task) -> Rig {
    let rig = Rig::going();
    rig.runner.execute(ordered);
    rig.until("t", "running").await;
    let engine = rig.engine.clone();
    rig.runner.abandon().await;
    let next = Rig::on(engine);
    let mut known = task("t", "service");
    known.restart_count = 5;
    next.master.inner().tasks.push(known);
    next
}

fn restart_count(rig: &Rig) -> Option<u32> {
    rig.runner.view("t").unwrap().borrow().report.restart_count
}

#[tokio::test(start_paused = true)]
async fn restarts_the_master_named_when_it_ordered_the_task_are_not_counted_twice() {
    let mut ordered = restarted(RestartPolicy::Always, task("t", "service"));
    ordered.restart_count = 3;
    let rig = adopting(ordered).await;
    rig.watch();
    rig.talk();
    pass(10).await;
    assert_eq!(restart_count(&rig), Some(5));
}

#[tokio::test(start_paused = true)]
async fn restarts_are_not_told_before_those_from_before_are_known() {
    let rig = adopting(restarted(RestartPolicy::Always, task("t", "service"))).await;
    rig.master.inner().mute_about_tasks = true;
    rig.watch();
    rig.talk();
    pass(5).await;
    rig.engine.kill("t");
    pass(5).await;
    assert_eq!(restart_count(&rig), None);
    let told = rig.master.inner().registrations[0].tasks.clone().unwrap();
    assert_eq!(told[0].report.restart_count, None);
    // Nor does asking hold up anything else.
    rig.runner.execute(task("u", "service"));
    pass(5).await;
    assert!(rig.master.told().contains(&"report u=running".to_owned()));
    // Asked again until it is answered, without a new registration.
    rig.master.inner().mute_about_tasks = false;
    pass(20).await;
    assert_eq!(restart_count(&rig), Some(6));
    assert_eq!(rig.master.count("register"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_goes_on_where_the_process_before_left_it() {
    let rig = Rig::going();
    rig.engine.image("crash", Behaviour::job(Duration::ZERO, 1));
    rig.runner
        .execute(restarted(RestartPolicy::OnFailure, task("t", "crash")));
    pass(33).await;
    let engine = rig.engine.clone();
    rig.runner.abandon().await;

    let next = Rig::on(engine);
    let mut known = task("t", "crash");
    known.restart_count = 5;
    next.master.inner().tasks.push(known);
    let starts = |rig: &Rig| {
        let journal = rig.engine.journal();
        let starts = journal.iter().filter(|line| line.starts_with("start"));
        starts.count()
    };
    let before = starts(&next);
    next.watch();
    next.talk();
    pass(30).await;
    let begun = starts(&next) - before;
    assert!(
        begun <= 2,
        "{begun} starts in 30 s: {:?}",
        next.engine.journal()
    );
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
async fn a_stop_that_comes_with_the_order_before_the_look_ends_the_container_that_is_there() {
    let rig = Rig::going();
    rig.runner.execute(task("t", "service"));
    rig.until("t", "running").await;
    let engine = rig.engine.clone();
    rig.runner.abandon().await;

    let next = Rig::on(engine);
    next.runner.execute(task("t", "service"));
    next.runner.stop(&stop("t", 1, false));
    next.watch();
    pass(1).await;
    next.until("t", "stopped").await;
    assert_eq!(
        next.engine.containers(),
        [("podling-web-t-1".to_owned(), false)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_late_copy_of_an_older_order_says_nothing_about_the_newer_attempt() {
    let rig = Rig::new();
    rig.watch();
    rig.runner.execute(attempt("t", "service", 1));
    rig.until("t", "running").await;
    rig.runner.stop(&stop("t", 1, true));
    pass(20).await;
    rig.runner.execute(attempt("t", "service", 2));
    rig.until("t", "running").await;
    let verdict = rig.runner.execute(attempt("t", "service", 1));
    assert_eq!(verdict, Verdict::OlderAttempt { seen: 2 });
    let (_, waiting) = rig.runner.shared().reporter.waiting();
    let told: Vec<_> = waiting
        .iter()
        .map(|told| (told.report.attempt, told.report.status.as_str()))
        .collect();
    assert_eq!(told, [(Some(2), "running")]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_supervisor_panics_ends() {
    let rig = Rig::new();
    rig.watch();
    rig.engine.panic_next("create");
    rig.runner.execute(task("t", "service"));
    tokio::time::timeout(Duration::from_secs(60), rig.runner.broke())
        .await
        .expect("it says so");
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
