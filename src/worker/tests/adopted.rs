//! What an earlier process left: its containers, and how often they were restarted.

use std::time::Duration;

use super::{Rig, attempt, pass, restarted, stop, task};
use crate::wire::{RestartPolicy, Task, TaskStatus};
use crate::worker::runtime::Runtime;
use crate::worker::runtime::scripted::{Behaviour, Scripted};

#[tokio::test(start_paused = true)]
async fn what_ended_while_nobody_looked_waits_for_the_masters_word_before_it_runs_again() {
    let engine = left_running(restarted(RestartPolicy::Always, task("t", "service"))).await;
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
    let rig = adopting(restarted(RestartPolicy::Always, task("t", "service"))).await;
    rig.watch();
    rig.talk();
    pass(10).await;
    rig.engine.kill("t");
    pass(10).await;
    assert_eq!(restart_count(&rig), Some(6));
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
async fn older_containers_found_at_the_start_are_removed_first() {
    let next = Rig::on(left_running(attempt("t", "service", 1)).await);
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
async fn each_adopted_attempt_is_asked_about_until_it_is_known() {
    let always =
        |id: &str, number| restarted(RestartPolicy::Always, attempt(id, "service", number));
    let next = Rig::on(left_running(always("t", 1)).await);
    let found = next.engine.list("n").await.unwrap().remove(0);
    let listed = |id: &str, number| {
        let mut listed = found.clone();
        listed.identity.task_id = id.into();
        listed.identity.attempt = number;
        listed.task = Some(always(id, number));
        listed
    };
    // A late order, before the engine was asked what there is.
    next.runner.execute(always("t", 1));
    next.runner.adopt(vec![listed("t", 2), listed("u", 1)]);
    assert_eq!(next.runner.next_unlearned(), Some(("t".into(), 2)));
    next.runner.restarted_before("t", 2, 5);
    assert_eq!(next.runner.next_unlearned(), Some(("u".into(), 1)));
    next.runner.restarted_before("u", 1, 0);
    assert_eq!(next.runner.next_unlearned(), None);
}

/// The engine after a process of the worker that ended while `t` ran.
async fn left_running(ordered: Task) -> Scripted {
    let rig = Rig::going();
    rig.runner.execute(ordered);
    rig.until("t", "running").await;
    let engine = rig.engine.clone();
    rig.runner.abandon().await;
    engine
}

/// A new process of the worker, that finds `t` running; the master knows of five restarts.
async fn adopting(ordered: Task) -> Rig {
    let next = Rig::on(left_running(ordered).await);
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
async fn a_stop_that_comes_with_the_order_before_the_look_ends_the_container_that_is_there() {
    let next = Rig::on(left_running(task("t", "service")).await);
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
