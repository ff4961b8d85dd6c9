//! A master that was replaced: what it still says, and when it notices.

use tokio::time::sleep;

use super::*;
use crate::core::test_cluster::{heartbeat, registration};

fn asks_whether_it_leads(bench: &Bench) -> JoinHandle<Result<(), cluster::Error>> {
    let cluster = bench.cluster.clone();
    tokio::spawn(async move { cluster.still_leads().await })
}

#[tokio::test(start_paused = true)]
async fn a_fenced_master_stops_at_once_and_acknowledges_nothing() {
    let bench = bench([Step::Fenced]);
    let submitted = bench.submit("t");
    let error = bench.committing.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Fenced(_)), "{error}");
    submitted.await.unwrap().unwrap_err();
    let later = bench.cluster.mutate(submit("later"), |_, _| ()).await;
    assert_eq!(later, Err(cluster::Error::Closed));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_changes_nothing_is_given_only_by_who_is_still_the_master() {
    let bench = bench([Step::Fenced]);
    let unknown = Command::Stop(Stop {
        task: TaskId::from("unknown"),
        grace_seconds: 1,
    });
    let answer = bench.cluster.mutate(unknown, |_, _| ()).await;
    assert!(
        matches!(answer, Err(cluster::Error::OutcomeUnknown(_))),
        "its successor may know the task: {answer:?}"
    );
    let error = bench.committing.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Fenced(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_is_no_news_does_not_reach_the_store() {
    let bench = bench([]);
    let register = Command::Register(registration("a"));
    bench.cluster.mutate(register, |_, _| ()).await.unwrap();
    let before = bench.store.committed.lock().unwrap().len();
    let beat = Command::Heartbeat(heartbeat(&"a".into()));
    bench.cluster.mutate(beat, |_, _| ()).await.unwrap();
    assert_eq!(bench.store.committed.lock().unwrap().len(), before);
    bench.cluster.still_leads().await.unwrap();
    assert_eq!(bench.store.committed.lock().unwrap().len(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_only_for_the_fence_is_answered_when_the_store_works_again() {
    let bench = bench([Step::Fail]);
    let leads = asks_whether_it_leads(&bench);
    assert_eq!(leads.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn what_waits_only_for_the_fence_is_not_answered_before_the_store_has_said_it() {
    let mut bench = bench((0..1_000).map(|_| Step::Fail));
    let leads = asks_whether_it_leads(&bench);
    bench.trouble.wait_for(Option::is_some).await.unwrap();
    sleep(COMMIT_TIMEOUT / 2).await;
    assert!(!leads.is_finished());
    // A commit says it, too.
    bench.store.steps.lock().unwrap().clear();
    bench.submit("t").await.unwrap().unwrap();
    assert_eq!(leads.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn what_still_waits_for_the_fence_when_the_master_stops_has_no_known_outcome() {
    let mut bench = bench((0..1_000).map(|_| Step::Fail));
    let leads = asks_whether_it_leads(&bench);
    bench.trouble.wait_for(Option::is_some).await.unwrap();
    bench.close.cancel();
    bench.committing.await.unwrap().unwrap();
    let answer = leads.await.unwrap();
    assert!(
        matches!(answer, Err(cluster::Error::OutcomeUnknown(_))),
        "{answer:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_master_with_nothing_to_write_notices_that_it_is_replaced() {
    let bench = bench([]);
    bench.submit("t").await.unwrap().unwrap();
    let event = bench.cluster.read(State::last_event);
    sleep(Duration::from_secs(5)).await;
    let last = bench.store.committed.lock().unwrap().last().cloned();
    let last = last.unwrap();
    assert!(last.is_empty(), "{last:?}");
    assert_eq!(last.last_event, event, "the number must not go back");
    bench.store.steps.lock().unwrap().push_back(Step::Fenced);
    let error = bench.committing.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Fenced(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_while_nothing_is_to_be_written_is_trouble_and_no_end() {
    let mut bench = bench((0..1_000).map(|_| Step::Fail));
    bench.trouble.wait_for(Option::is_some).await.unwrap();
    sleep(GIVE_UP_AFTER * 2).await;
    assert!(!bench.committing.is_finished());
    bench.store.steps.lock().unwrap().clear();
    bench.trouble.wait_for(Option::is_none).await.unwrap();
}
