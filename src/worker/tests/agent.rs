//! What the master is told, and when.

use std::time::Duration;

use super::{Rig, Scripted, pass, restarted, stop, task};
use crate::wire::{Condition, Quantity, RestartPolicy, Task};

#[tokio::test(start_paused = true)]
async fn it_registers_with_what_its_host_has() {
    let rig = Rig::going();
    pass(1).await;
    let registration = rig.master.inner().registrations[0].clone();
    assert_eq!(registration.node_id.as_deref(), Some("n"));
    assert_eq!(registration.capacity, Some(7));
    assert_eq!(registration.cpu, Some(Quantity::Number(4000)));
    assert_eq!(registration.engine.unwrap().name, "scripted");
    assert_eq!(registration.degraded, None);
    assert_eq!(registration.tasks, Some(vec![]));
}

#[tokio::test(start_paused = true)]
async fn without_an_engine_it_registers_as_degraded_names_no_tasks_and_tells_when_it_is_there() {
    let rig = Rig::new();
    rig.engine.go_away();
    rig.watch();
    rig.talk();
    // A refusal is known at once: there is nothing to wait for.
    pass(1).await;
    let first = rig.master.inner().registrations[0].clone();
    assert!(first.degraded.unwrap().contains("can't be reached"));
    assert_eq!((first.tasks, first.cpu), (None, None));

    rig.engine.come_back();
    pass(10).await;
    let second = rig.master.inner().registrations.last().unwrap().clone();
    assert_eq!(second.degraded, None);
    assert_eq!(second.cpu, Some(Quantity::Number(4000)));
    assert_eq!(second.tasks, Some(vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_master_that_is_away_misses_nothing() {
    let rig = Rig::new();
    rig.master.inner().away = true;
    rig.watch();
    rig.talk();
    rig.runner.execute(task("t", "job"));
    pass(3600).await;
    assert_eq!(rig.master.told(), [""; 0]);
    rig.master.inner().away = false;
    pass(6).await;
    let registration = rig.master.inner().registrations[0].clone();
    assert_eq!(registration.tasks.unwrap()[0].report.status, "completed");
}

#[tokio::test(start_paused = true)]
async fn a_day_without_a_master_restarts_what_dies_and_keeps_every_end() {
    let rig = Rig::going();
    pass(1).await;
    rig.runner.execute(task("steady", "service"));
    rig.runner
        .execute(restarted(RestartPolicy::Always, task("dies", "service")));
    rig.runner.execute(task("ends", "service"));
    rig.runner.execute(task("job", "job"));
    pass(5).await;
    rig.master.inner().away = true;
    for _ in 0..24 {
        pass(3600).await;
        rig.engine.exit("dies", 1, false);
    }
    rig.engine.exit("ends", 5, false);
    pass(60).await;
    for (id, status) in [
        ("steady", "running"),
        ("dies", "running"),
        ("ends", "failed"),
    ] {
        assert_eq!(rig.status(id).as_deref(), Some(status), "{id}");
    }
    rig.master.inner().away = false;
    pass(6).await;
    let told = rig.master.inner().heartbeats.last().unwrap().tasks.clone();
    let told = told.expect("everything is named");
    let report = |id: &str| &told.iter().find(|task| task.task_id == id).unwrap().report;
    assert_eq!(report("steady").status, "running");
    assert_eq!(report("dies").restart_count, Some(24));
    assert_eq!(
        (&*report("ends").status, report("ends").exit_code),
        ("failed", Some(5))
    );
    assert_eq!(report("job").status, "completed");
    assert_eq!(rig.engine.containers().len(), 4, "none was made anew");
}

#[tokio::test(start_paused = true)]
async fn a_master_that_forgot_the_node_gets_a_new_registration() {
    let rig = Rig::going();
    pass(2).await;
    rig.master.inner().forgotten = true;
    pass(10).await;
    assert_eq!(rig.master.count("register"), 2);
    assert!(!rig.master.inner().forgotten);
}

#[tokio::test(start_paused = true)]
async fn an_id_or_address_that_stays_anothers_ends_it_and_touches_nothing() {
    for (code, what) in [
        ("node_id_taken", "node id n: node n is at b:8081"),
        (
            "address_taken",
            "address localhost:8081: node n is at b:8081",
        ),
    ] {
        stays_anothers(code, what).await;
    }
}

async fn stays_anothers(code: &'static str, what: &str) {
    let before = Rig::going();
    before.runner.execute(task("t", "service"));
    before.until("t", "running").await;
    before.runner.abandon().await;
    let journal = before.engine.journal();

    let rig = Rig::on(before.engine.clone());
    rig.master.inner().taken = Some(code);
    rig.watch();
    let mut agent = rig.agent();
    let begun = rig.now_ms();
    let ended = tokio::time::timeout(Duration::from_secs(120), agent.run()).await;
    let error = ended.unwrap().unwrap_err().to_string();
    assert!(error.contains(what), "{error}");
    assert!((60_000..70_000).contains(&(rig.now_ms() - begun)));
    assert!(!rig.contact.was_accepted());
    let changed = |line: &&String| !line.starts_with("inspect");
    let now = rig.engine.journal();
    assert_eq!(now.iter().skip(journal.len()).find(changed), None);
}

#[tokio::test(start_paused = true)]
async fn a_node_id_that_becomes_free_lets_it_in() {
    let rig = Rig::new();
    rig.master.inner().taken = Some("node_id_taken");
    rig.watch();
    rig.talk();
    pass(40).await;
    rig.master.inner().taken = None;
    pass(10).await;
    assert_eq!(rig.master.count("register"), 1);
    assert!(rig.contact.was_accepted());
}

#[tokio::test(start_paused = true)]
async fn it_beats_at_its_interval_and_more_often_when_nobody_calls() {
    let rig = Rig::going();
    pass(1).await;
    // Called each 5 s: only every 30 s.
    for _ in 0..24 {
        rig.contact.touch();
        pass(5).await;
    }
    let called = rig.master.count("heartbeat");
    assert!((3..=5).contains(&called), "{called} in 120 s");
    // Never called: every 6 s.
    pass(120).await;
    let lonely = rig.master.count("heartbeat") - called;
    assert!((18..=21).contains(&lonely), "{lonely} in 120 s");
    // Never called, by a master that would soon take it for lost: every 1.2 s.
    rig.master.inner().node_timeout_ms = Some(3_000);
    pass(10).await;
    let before = rig.master.count("heartbeat");
    pass(60).await;
    let lonely = rig.master.count("heartbeat") - before;
    assert!((48..=51).contains(&lonely), "{lonely} in 60 s");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_engine_is_told_at_once() {
    let rig = Rig::going();
    pass(1).await;
    rig.contact.touch();
    rig.engine.go_away();
    pass(1).await;
    let condition = |rig: &Rig| rig.master.inner().heartbeats.last().unwrap().condition;
    assert_eq!(condition(&rig), Some(Condition::Degraded));
    rig.engine.come_back();
    pass(5).await;
    assert_eq!(condition(&rig), Some(Condition::Ready));
}

#[tokio::test(start_paused = true)]
async fn news_of_the_engine_that_got_lost_is_told_again() {
    let rig = Rig::going();
    pass(1).await;
    rig.master.inner().away = true;
    rig.engine.go_away();
    pass(1).await;
    rig.master.inner().away = false;
    rig.contact.touch();
    pass(2).await;
    let condition = rig.master.inner().heartbeats.last().unwrap().condition;
    assert_eq!(condition, Some(Condition::Degraded));
}

#[tokio::test(start_paused = true)]
async fn a_host_whose_naming_got_lost_is_named_again() {
    let rig = Rig::new();
    rig.engine.go_away();
    rig.watch();
    rig.talk();
    pass(10).await;
    rig.master.inner().away = true;
    rig.engine.come_back();
    pass(10).await;
    rig.master.inner().away = false;
    pass(10).await;
    let last = rig.master.inner().registrations.last().unwrap().clone();
    assert_eq!(last.cpu, Some(Quantity::Number(4000)));
}

#[tokio::test(start_paused = true)]
async fn orders_that_come_with_an_answer_are_taken() {
    let rig = Rig::going();
    rig.master.inner().run.push(task("t", "service"));
    pass(1).await;
    rig.until("t", "running").await;
    rig.master.inner().stop.push(stop("t", 1, true));
    pass(10).await;
    assert!(rig.runner.view("t").is_none());
    assert_eq!(rig.engine.containers(), []);
    // Told before it was forgotten.
    assert!(rig.master.told().contains(&"report t=stopped".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_is_over_here_and_for_the_master_makes_no_endless_talk() {
    let rig = Rig::going();
    pass(1).await;
    for task_id in ["a", "b"] {
        rig.runner.stop(&stop(task_id, 1, true));
    }
    rig.master.inner().all_stale = true;
    pass(60).await;
    let beats = rig.master.count("heartbeat");
    assert!(beats <= 12, "{beats} heartbeats in a minute");
}

#[tokio::test(start_paused = true)]
async fn what_another_cluster_ordered_is_neither_stopped_nor_removed() {
    let rig = Rig::new();
    rig.master.inner().cluster_id = Some("one".into());
    rig.watch();
    rig.talk();
    pass(1).await;
    for id in ["t", "u"] {
        rig.runner.execute(Task {
            cluster_id: Some("one".into()),
            ..task(id, "service")
        });
        rig.until(id, "running").await;
    }
    let engine = rig.engine.clone();
    rig.runner.abandon().await;

    // The same worker, started again and pointed at another master, that knows nothing.
    let next = Rig::on(engine);
    next.master.inner().cluster_id = Some("two".into());
    next.master.inner().stop = vec![stop("t", 1, true), stop("u", 1, true)];
    next.watch();
    next.talk();
    pass(8).await;
    next.master.inner().stop = vec![stop("t", 1, true)];
    pass(8).await;
    assert_eq!(next.engine.containers().len(), 2);
    let beat = next.master.inner().heartbeats.last().unwrap().clone();
    assert_eq!(beat.condition, Some(Condition::Degraded));
    let expected = "containers of another cluster (2 of cluster one) are left alone: \
                    remove them, or point this worker to their master";
    assert_eq!(beat.reason.as_deref(), Some(expected));

    // Back at its own, all is as before.
    next.master.inner().cluster_id = Some("one".into());
    pass(8).await;
    next.master.inner().stop = vec![stop("t", 1, true)];
    pass(8).await;
    assert_eq!(next.engine.containers().len(), 1);
    let beat = next.master.inner().heartbeats.last().unwrap().clone();
    assert_eq!(beat.condition, Some(Condition::Ready));
}

#[tokio::test(start_paused = true)]
async fn a_master_that_soon_misses_it_is_tried_again_sooner() {
    let rig = Rig::new();
    rig.watch();
    rig.master.inner().node_timeout_ms = Some(3_000);
    rig.talk();
    pass(1).await;
    // It comes back at whatever moment of the wait.
    for away in 20..30 {
        rig.master.inner().away = true;
        tokio::time::sleep(Duration::from_millis(away * 1_100)).await;
        let before = rig.master.count("heartbeat");
        rig.master.inner().away = false;
        tokio::time::sleep(Duration::from_millis(1_300)).await;
        assert!(rig.master.count("heartbeat") > before);
    }
}

#[tokio::test(start_paused = true)]
async fn workers_that_began_together_do_not_beat_together() {
    // The first of them comes after 6, 3 and 1.5 s, or some milliseconds before: with others.
    for (random, first) in [(0, 6), (u64::MAX / 2, 3), (u64::MAX / 4 * 3, 1)] {
        let rig = Rig::of(Scripted::default(), random);
        rig.watch();
        rig.talk();
        let mut beats = vec![];
        for second in 0..=20 {
            pass(1).await;
            beats.resize(rig.master.count("heartbeat"), second);
        }
        assert_eq!(beats[..3], [first, first + 6, first + 12], "{random}");
    }
}
