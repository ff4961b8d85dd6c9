//! The commit task and the cluster's lock against a store that does what a test tells it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use super::*;
use crate::core::{Command, Policy, State, Stop, TaskId, Write};
use crate::master::cluster::{self, Cluster};
use crate::master::fixture::{TokioClock, submit};
use crate::store::Snapshot;

mod fence;

/// What the store does with one commit.
enum Step {
    Fail,
    Fenced,
    Hang,
    Wait,
}

/// Does what `steps` say, and then works.
#[derive(Default)]
struct ScriptedStore {
    steps: Mutex<VecDeque<Step>>,
    go_on: Option<Arc<Semaphore>>,
    committed: Mutex<Vec<Batch>>,
}

impl Store for ScriptedStore {
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, store::Error>> {
        async { Ok(Snapshot::default()) }.boxed()
    }

    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<(), store::Error>> {
        async move {
            let step = self.steps.lock().unwrap().pop_front();
            match step {
                None => {}
                Some(Step::Fail) => return Err(store::Error::Unavailable("disk full".into())),
                Some(Step::Fenced) => return Err(store::Error::Fenced { found: 2, ours: 1 }),
                Some(Step::Hang) => std::future::pending().await,
                Some(Step::Wait) => self
                    .go_on
                    .as_ref()
                    .unwrap()
                    .acquire()
                    .await
                    .unwrap()
                    .forget(),
            }
            self.committed.lock().unwrap().push(batch.clone());
            Ok(())
        }
        .boxed()
    }

    fn describe(&self) -> String {
        "scripted".into()
    }
}

impl ScriptedStore {
    /// The ids of the tasks of each transaction.
    fn batches(&self) -> Vec<Vec<TaskId>> {
        let committed = self.committed.lock().unwrap();
        let ids = |batch: &Batch| batch.put_tasks.iter().map(|task| task.id.clone()).collect();
        committed.iter().map(ids).collect()
    }

    fn has(&self, id: &TaskId) -> bool {
        self.batches().iter().flatten().any(|known| known == id)
    }
}

/// A cluster with its commit task.
struct Bench {
    cluster: Arc<Cluster>,
    store: Arc<ScriptedStore>,
    go_on: Arc<Semaphore>,
    committing: JoinHandle<Result<(), Error>>,
    close: CancellationToken,
    trouble: watch::Receiver<StoreTrouble>,
    shown: mpsc::UnboundedReceiver<Committed>,
}

const COMMIT_TIMEOUT: Duration = Duration::from_secs(5);
const GIVE_UP_AFTER: Duration = Duration::from_secs(60);

fn bench(steps: impl IntoIterator<Item = Step>) -> Bench {
    let go_on = Arc::new(Semaphore::new(0));
    let store = Arc::new(ScriptedStore {
        steps: Mutex::new(steps.into_iter().collect()),
        go_on: Some(go_on.clone()),
        ..ScriptedStore::default()
    });
    let clock = TokioClock::shared();
    let state = State::new(Policy::default());
    let (cluster, ends) = Cluster::new(state, clock.clone(), COMMIT_TIMEOUT);
    let (feed, shown, _) = Feed::new();
    let (says_trouble, trouble) = watch::channel(None);
    let close = CancellationToken::new();
    let committer = Committer {
        store: store.clone(),
        ends,
        feed,
        trouble: says_trouble,
        metrics: Arc::new(Metrics::new()),
        clock,
        slow_after: COMMIT_TIMEOUT,
        give_up_after: GIVE_UP_AFTER,
    };
    Bench {
        cluster: Arc::new(cluster),
        store,
        go_on,
        committing: tokio::spawn(committer.run(close.clone())),
        close,
        trouble,
        shown,
    }
}

type Submitted = JoinHandle<Result<TaskId, cluster::Error>>;

impl Bench {
    /// Submits a task; its id once it is answered.
    fn submit(&self, name: &str) -> Submitted {
        let (cluster, command) = (self.cluster.clone(), submit(name));
        tokio::spawn(async move {
            cluster
                .mutate(command, |_, changes| match &changes[0].write {
                    Write::PutTask(task) => task.id.clone(),
                    other => panic!("{other:?}"),
                })
                .await
        })
    }

    /// Waits until so many tasks were decided, durable or not.
    async fn decided(&self, tasks: usize) {
        while self.cluster.read(|state| state.tasks().len()) < tasks {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the committer has taken everything out of the queue.
    async fn taken(&self) {
        while self.cluster.queued() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_acknowledged_is_in_the_store() {
    let bench = bench([]);
    let submitted: Vec<_> = (0..300).map(|n| bench.submit(&format!("t{n}"))).collect();
    for submitted in submitted {
        let id = submitted.await.unwrap().unwrap();
        assert!(
            bench.store.has(&id),
            "{id} was acknowledged and is not stored"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_acknowledged_before_the_store_has_it() {
    let bench = bench([Step::Wait]);
    let submitted = bench.submit("t");
    bench.decided(1).await;
    bench.taken().await;
    tokio::task::yield_now().await;
    assert!(!submitted.is_finished());
    bench.go_on.add_permits(1);
    submitted.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_waits_goes_into_one_transaction_in_the_order_decided() {
    let mut bench = bench([Step::Wait]);
    let first = bench.submit("first");
    bench.decided(1).await;
    bench.taken().await;
    let others: Vec<_> = (0..50).map(|n| bench.submit(&format!("t{n}"))).collect();
    bench.decided(51).await;
    bench.go_on.add_permits(1);
    first.await.unwrap().unwrap();
    for other in others {
        other.await.unwrap().unwrap();
    }
    let sizes: Vec<_> = bench.store.batches().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 50]);
    let mut sequences = vec![];
    for _ in 0..2 {
        let changes = bench.shown.recv().await.unwrap();
        sequences.extend(changes.iter().map(|change| change.event.sequence));
    }
    assert!(sequences.is_sorted(), "{sequences:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_shown_before_the_store_has_it() {
    let mut bench = bench([Step::Wait]);
    let submitted = bench.submit("t");
    bench.decided(1).await;
    bench.taken().await;
    assert!(bench.shown.try_recv().is_err());
    bench.go_on.add_permits(1);
    let id = submitted.await.unwrap().unwrap();
    let changes = bench.shown.recv().await.unwrap();
    assert_eq!(changes[0].event.task, Some(id));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_tried_again_and_called_trouble_meanwhile() {
    let mut bench = bench([Step::Fail, Step::Fail, Step::Fail]);
    let submitted = bench.submit("t");
    let trouble = bench
        .trouble
        .wait_for(Option::is_some)
        .await
        .unwrap()
        .clone();
    assert_eq!(trouble.as_deref(), Some("disk full"));
    let id = submitted.await.unwrap().unwrap();
    assert!(bench.store.has(&id));
    assert_eq!(*bench.trouble.borrow(), None);
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_outcome_is_unknown_is_told_so_and_the_change_still_becomes_durable() {
    let bench = bench([Step::Wait]);
    let submitted = bench.submit("t").await.unwrap();
    assert_eq!(
        submitted,
        Err(cluster::Error::OutcomeUnknown(COMMIT_TIMEOUT))
    );
    let id = bench
        .cluster
        .read(|state| state.tasks().next().unwrap().id.clone());
    bench.go_on.add_permits(1);
    bench.close.cancel();
    bench.committing.await.unwrap().unwrap();
    assert!(bench.store.has(&id));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_trouble_and_given_up_in_the_end() {
    let mut bench = bench([Step::Hang]);
    let submitted = bench.submit("t");
    bench.trouble.wait_for(Option::is_some).await.unwrap();
    let error = bench.committing.await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::GaveUp { after, .. } if after == GIVE_UP_AFTER),
        "{error}"
    );
    submitted.await.unwrap().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_too_long_is_given_up() {
    let bench = bench((0..10_000).map(|_| Step::Fail));
    let _submitted = bench.submit("t");
    let error = bench.committing.await.unwrap().unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::GaveUp { .. }), "{text}");
    assert!(text.contains("disk full"), "says why: {text}");
}

#[tokio::test(start_paused = true)]
async fn closing_writes_what_still_waits() {
    let bench = bench([Step::Wait]);
    let submitted: Vec<_> = (0..20).map(|n| bench.submit(&format!("t{n}"))).collect();
    bench.decided(20).await;
    bench.close.cancel();
    bench.go_on.add_permits(1);
    bench.committing.await.unwrap().unwrap();
    for submitted in submitted {
        let id = submitted.await.unwrap().unwrap();
        assert!(bench.store.has(&id));
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_after_the_decision_loses_nothing() {
    let bench = bench([Step::Wait]);
    let submitted = bench.submit("t");
    bench.decided(1).await;
    submitted.abort();
    let id = bench
        .cluster
        .read(|state| state.tasks().next().unwrap().id.clone());
    bench.go_on.add_permits(1);
    bench.close.cancel();
    bench.committing.await.unwrap().unwrap();
    assert!(bench.store.has(&id));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_change_waits_for_what_it_rests_on() {
    let bench = bench([Step::Wait]);
    let submitted = bench.submit("t");
    bench.decided(1).await;
    let id = bench
        .cluster
        .read(|state| state.tasks().next().unwrap().id.clone());
    let cluster = bench.cluster.clone();
    let stop = Command::Stop(Stop {
        task: id,
        grace_seconds: 1,
    });
    // The first stop ends the pending task; the second finds it ended: no change.
    let stops = [stop.clone(), stop].map(|stop| {
        let cluster = cluster.clone();
        tokio::spawn(async move { cluster.mutate(stop, |_, changes| changes.len()).await })
    });
    bench.taken_or_queued(1).await;
    for stop in &stops {
        assert!(!stop.is_finished());
    }
    bench.go_on.add_permits(1);
    submitted.await.unwrap().unwrap();
    let [first, second] = stops;
    assert!(first.await.unwrap().unwrap() > 0);
    assert_eq!(second.await.unwrap(), Ok(0));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_pushes_back_before_anything_is_decided() {
    let bench = bench([Step::Wait]);
    let first = bench.submit("first");
    bench.decided(1).await;
    bench.taken().await;
    let waiting: Vec<_> = (0..4096).map(|n| bench.submit(&format!("t{n}"))).collect();
    bench.decided(4097).await;
    let refused = bench.submit("one too many").await.unwrap();
    assert_eq!(refused, Err(cluster::Error::Busy));
    assert_eq!(bench.cluster.read(|state| state.tasks().len()), 4097);
    drop((first, waiting));
}

impl Bench {
    /// Waits until so many decisions are in the queue.
    async fn taken_or_queued(&self, decisions: usize) {
        while self.cluster.queued() < decisions {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_heard_while_the_store_does_not_keep_up_is_alive() {
    let clock = TokioClock::shared();
    let state = State::new(Policy::default());
    let (cluster, ends) = Cluster::new(state, clock.clone(), Duration::from_secs(1));
    let (cluster, _ends) = (Arc::new(cluster), ends);
    let node: crate::core::NodeId = "a".into();
    let registering = Command::Register(crate::core::test_cluster::registration("a"));
    assert!(matches!(
        cluster.mutate(registering, |_, _| ()).await,
        Err(cluster::Error::OutcomeUnknown(_))
    ));
    while cluster
        .reconcile(|state, now| crate::core::decide::decide(state, submit("t"), now).unwrap())
        .await
        .is_ok()
    {}
    tokio::time::sleep(Duration::from_secs(60)).await;
    let beat = Command::Heartbeat(crate::core::test_cluster::heartbeat(&node));
    let busy = cluster.mutate(beat, |_, _| ()).await;
    assert_eq!(busy, Err(cluster::Error::Busy));
    let heard = cluster.read(|state| state.contact(&node).heard_at);
    assert!(clock.now().mono.since_ms(heard) <= 1, "{heard:?}");
}
