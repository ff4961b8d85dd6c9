//! Orders, once and in any order; containers that others touch.

use std::time::Duration;

use super::{Rig, attempt, pass, restarted, stop, task};
use crate::wire::RestartPolicy;
use crate::worker::order::Verdict;
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
