//! The master without its HTTP server: the cluster, the commit task, the dispatcher and the loops.
//!
//! One place puts them together, for [`super::Master`], which puts an API in front, and for the
//! simulation, which calls [`super::api`] instead. Dropped, they end where they stand, as a
//! process that is killed does.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::cluster::Cluster;
use super::committer::{self, Committer, StoreTrouble};
use super::dispatch::Dispatcher;
use super::feed::{Feed, Followers};
use super::loops::{NodeMonitor, Placer, Reaper, drive};
use super::metrics::Metrics;
use super::workers::Workers;
use super::{Error, Options};
use crate::clock::SharedClock;
use crate::core::State;
use crate::store::{Batch, Store};
use crate::telemetry::counted;

/// The parts, loaded and not yet at work.
pub struct Parts {
    /// The state.
    pub cluster: Arc<Cluster>,
    /// Committed changes as they come.
    pub followers: Followers,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Whether the store works.
    pub trouble: watch::Receiver<StoreTrouble>,
    committer: Committer,
    dispatcher: Dispatcher,
    workers: Arc<dyn Workers>,
}

/// The parts at work.
pub struct Running {
    committing: JoinSet<Result<(), committer::Error>>,
    close_queue: CancellationToken,
    loops: JoinSet<&'static str>,
    stop_loops: CancellationToken,
}

impl Parts {
    /// Loads what is stored. Nothing is decided yet.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn load(
        store: Arc<dyn Store>,
        clock: SharedClock,
        workers: Arc<dyn Workers>,
        options: &Options,
    ) -> Result<Self, Error> {
        let snapshot = store.load().await?;
        log::info!(
            "{}: {}, {}",
            store.describe(),
            counted(snapshot.tasks.len(), "task"),
            counted(snapshot.nodes.len(), "node")
        );
        let id = match &snapshot.cluster_id {
            Some(id) => id.clone(),
            None => name_cluster(&*store, &clock, snapshot.last_event).await?,
        };
        let last_event = snapshot.last_event;
        let writes = snapshot.into_writes();
        let state = State::load(options.policy.clone(), writes, last_event, clock.now());
        let (cluster, ends) = Cluster::new(state, clock.clone(), options.commit_timeout);
        let (says_trouble, trouble) = watch::channel(None);
        let cluster = Arc::new(cluster.heeding(trouble.clone()).with_id(id));
        let metrics = Arc::new(Metrics::new());
        let (feed, committed, followers) = Feed::new();
        let committer = Committer {
            store,
            ends,
            feed,
            trouble: says_trouble,
            metrics: metrics.clone(),
            clock,
            slow_after: options.commit_timeout,
            give_up_after: options.store_give_up_after,
        };
        // Before anything can be decided: what is in memory now is durable.
        let dispatcher =
            Dispatcher::new(cluster.clone(), workers.clone(), committed, metrics.clone());
        Ok(Self {
            cluster,
            followers,
            metrics,
            trouble,
            committer,
            dispatcher,
            workers,
        })
    }

    /// Sets them to work.
    pub fn start(self) -> Running {
        let close_queue = CancellationToken::new();
        let mut committing = JoinSet::new();
        committing.spawn(self.committer.run(close_queue.clone()));
        let stop_loops = CancellationToken::new();
        let token = || stop_loops.clone();
        let mut loops = JoinSet::new();
        loops.spawn(named("dispatcher", self.dispatcher.run(token())));
        let placer = Placer::new(self.cluster.clone());
        loops.spawn(named("placer", drive(placer, token())));
        let reaper = Reaper::new(self.cluster.clone());
        loops.spawn(named("reaper", drive(reaper, token())));
        let monitor = NodeMonitor::new(self.cluster, self.workers);
        loops.spawn(named("node monitor", drive(monitor, token())));
        Running {
            committing,
            close_queue,
            loops,
            stop_loops,
        }
    }
}

/// What ended that has to run as long as the process.
#[derive(Debug)]
pub enum Ended {
    /// The commit task: nothing can be answered any more, so there is nothing to drain.
    Committing(Error),
    /// Another part: what was decided can still be stored.
    Loop(Error),
}

/// Makes up an id, at the first start on a store, and stores it before anybody is told.
async fn name_cluster(
    store: &dyn Store,
    clock: &SharedClock,
    last_event: u64,
) -> Result<String, Error> {
    let id = format!("{:016x}", clock.now().random);
    let batch = Batch {
        last_event,
        cluster_id: Some(id.clone()),
        ..Batch::default()
    };
    store.commit(&batch).await?;
    log::info!("this is cluster {id}");
    Ok(id)
}

impl Running {
    /// Waits until a part ends that should not. Cancel-safe.
    pub async fn ended(&mut self) -> Ended {
        tokio::select! {
            biased;
            Some(ended) = self.committing.join_next() => Ended::Committing(match ended {
                Ok(Err(error)) => Error::Commit(error),
                Ok(Ok(())) => committer_ended("it returned".into()),
                Err(error) => committer_ended(error.to_string()),
            }),
            Some(ended) = self.loops.join_next() => Ended::Loop(Error::Ended {
                part: ended.as_ref().copied().unwrap_or("a loop"),
                why: ended.map_or_else(|error| error.to_string(), |_| "it returned".into()),
            }),
        }
    }

    /// Stops the loops, and then, everybody who decides being gone, writes what was decided.
    ///
    /// # Errors
    /// It can't be written, or not within this time.
    pub async fn stop(mut self, within: Duration) -> Result<(), Error> {
        self.stop_loops.cancel();
        while self.loops.join_next().await.is_some() {}
        self.close_queue.cancel();
        let Ok(ended) = timeout(within, self.committing.join_next()).await else {
            return Err(Error::Commit(committer::Error::Untaken { within }));
        };
        match ended {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => Err(Error::Commit(error)),
            Some(Err(error)) => Err(committer_ended(error.to_string())),
        }
    }
}

fn committer_ended(why: String) -> Error {
    Error::Ended {
        part: "committer",
        why,
    }
}

async fn named(name: &'static str, part: impl Future<Output = ()>) -> &'static str {
    part.await;
    name
}
